//! Documents of schemas by hand.

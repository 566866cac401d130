//! What happens when there is too little of something: rows R25 and R38, the levels of overload, what all
//! messages hold together.

mod buffered;
#[cfg(target_os = "linux")]
mod descriptors;
mod levels;
mod panics;

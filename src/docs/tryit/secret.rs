//! Names of what nobody should send to others in a link. `src/docs/assets/link.js` looks for the same in
//! keys.

/// Words that say it wherever they stand.
const ANYWHERE: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "authorization",
    "apikey",
    "otp",
    "cookie",
    "cookies",
    "jwt",
];

/// Words that say it at the end.
const LAST: [&str; 5] = ["auth", "pin", "session", "token", "tokens"];

/// Words before a `token` that says where to read on.
const PLACES: [&str; 5] = ["page", "sync", "resume", "continuation", "next"];

/// Words before a `key` that opens something.
const KEYS: [&str; 7] = [
    "api",
    "private",
    "access",
    "secret",
    "signing",
    "encryption",
    "auth",
];

/// True for a name, in `snake_case`, of something secret.
pub(super) fn is_secret(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    if words.iter().any(|word| ANYWHERE.contains(word)) {
        return true;
    }
    let (last, before) = match words.as_slice() {
        [.., before, last] => (*last, *before),
        [last] => (*last, ""),
        [] => return false,
    };
    match last {
        "key" | "keys" => KEYS.contains(&before),
        "token" | "tokens" => !PLACES.contains(&before),
        last => LAST.contains(&last),
    }
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_told_by_their_words() {
        for name in [
            "password",
            "user_password",
            "password_hash",
            "api_key",
            "access_token",
            "token",
            "auth",
            "pin",
            "private_key",
            "client_secret",
            "session",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "page_token",
            "next_page_token",
            "key",
            "session_count",
            "author",
            "pinned",
            "monkey",
            "token_count",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}

//! What a password and a log-in name must be. Hashing is the server's.

use crate::fold::fold;
use crate::refusal::{Code, Refusal};

/// Characters in a password when it is the only thing asked for.
pub const PASSWORD_CHARS_MIN: usize = 14;
/// Characters in a password beside a one-time code.
pub const PASSWORD_WITH_TOTP_CHARS_MIN: usize = 10;
/// Bytes in a password; more would only keep the server hashing.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Characters in a log-in name.
pub const LOGIN_CHARS_MAX: usize = 64;

/// Stems of what guessers try first here; a password that is one of these repeated or followed by
/// digits and signs is refused however long it is. Folded, without spaces.
const COMMON: &[&str] = &[
    "password",
    "passwordpassword",
    "matkhau",
    "123456",
    "123456789",
    "1234567890",
    "12345678901234",
    "abc",
    "abcdef",
    "abcdefghijklmn",
    "qwerty",
    "qwertyuiop",
    "qwertyuiopasdf",
    "asdfgh",
    "iloveyou",
    "admin",
    "administrator",
    "quantri",
    "quantrivien",
    "vietnam",
    "congan",
    "ubnd",
    "uyban",
    "welcome",
    "letmein",
    "khien",
    "changeme",
    "default",
];

/// Checks a new password: long enough, not the log-in name, not one that guessers try first.
///
/// No rule about digits or signs: length is what helps, and such rules produce `Matkhau@123`.
pub fn check_password(password: &str, login: &str, with_totp: bool) -> Result<(), Refusal> {
    let chars_min = if with_totp { PASSWORD_WITH_TOTP_CHARS_MIN } else { PASSWORD_CHARS_MIN };
    if password.chars().count() < chars_min {
        return Err(Refusal::new(Code::PasswordShort).arg("min", chars_min));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Refusal::new(Code::PasswordLong).arg("max", PASSWORD_BYTES_MAX));
    }
    let folded: String = fold(password).chars().filter(|c| !c.is_whitespace()).collect();
    let login = fold(login);
    if !login.is_empty() && folded.contains(&login) {
        return Err(Refusal::new(Code::PasswordIsLogin));
    }
    if COMMON.iter().any(|stem| is_stem_padded(&folded, stem)) || is_one_char(&folded) {
        return Err(Refusal::new(Code::PasswordCommon));
    }
    Ok(())
}

/// Returns whether the password is the stem, repeated or not, with only digits and signs added.
fn is_stem_padded(password: &str, stem: &str) -> bool {
    let rest = password.replace(stem, "");
    rest.len() < password.len() && !rest.chars().any(char::is_alphabetic)
}

fn is_one_char(password: &str) -> bool {
    let mut chars = password.chars();
    let first = chars.next();
    chars.all(|c| Some(c) == first)
}

/// Returns a log-in name in lower case: letters, digits, `.`, `-`, `_`, `@`, three or more.
pub fn login_name(typed: &str) -> Result<String, Refusal> {
    let login = typed.trim().to_ascii_lowercase();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@');
    if (3..=LOGIN_CHARS_MAX).contains(&login.len()) && login.bytes().all(allowed) {
        return Ok(login);
    }
    Err(Refusal::new(Code::LoginMalformed))
}

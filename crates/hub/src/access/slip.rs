//! The code on a printed activation slip: short enough to type, long enough not to be guessed
//! within the slip's term, without letters that look alike on paper.

use crate::fault::Fault;

/// No I, L, O, 0, 1: 31 letters and digits.
const ALPHABET: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
const GROUPS: usize = 3;
const GROUP_CHARS: usize = 4;

/// Returns a new code as it is printed: `ABCD-EFGH-JKMN`, 59 bits.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn new_code() -> Result<String, Fault> {
    let mut code = String::with_capacity(GROUPS * (GROUP_CHARS + 1));
    for place in 0..GROUPS * GROUP_CHARS {
        if place > 0 && place % GROUP_CHARS == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[below_31()?]));
    }
    Ok(code)
}

/// Draws until the number is below the largest multiple of 31, so that every letter is as likely.
fn below_31() -> Result<usize, Fault> {
    const FAIR: u8 = 248;
    loop {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(|e| anyhow::anyhow!("random bytes: {e}"))?;
        if byte[0] < FAIR {
            return Ok(usize::from(byte[0]) % ALPHABET.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::login::slip_code;

    #[test]
    fn a_code_is_typed_back_as_it_was_printed() {
        let code = new_code().unwrap();
        assert_eq!(code.len(), 14);
        assert_eq!(slip_code(&code.to_lowercase()).len(), GROUPS * GROUP_CHARS);
        assert_ne!(code, new_code().unwrap());
    }
}

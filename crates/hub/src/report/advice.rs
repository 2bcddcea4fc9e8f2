//! What to do now, by sign: short, in order of urgency, and nothing that destroys traces.

use khien_domain::signal::Sign;

/// Returns the keys of the advice for these signs, each once, the most urgent first.
pub(super) fn keys(signs: &[Sign]) -> Vec<&'static str> {
    let mut keys = Vec::new();
    for sign in signs {
        for key in of(*sign) {
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
    }
    if keys.is_empty() {
        keys.push("advice-keep");
    }
    keys.sort_by_key(|key| ORDER.iter().position(|known| known == key));
    keys
}

/// Every piece of advice, the most urgent first.
const ORDER: &[&str] = &[
    "advice-isolate",
    "advice-power",
    "advice-no-ransom",
    "advice-password",
    "advice-no-click",
    "advice-page",
    "advice-leak",
    "advice-no-clean",
    "advice-keep",
];

const fn of(sign: Sign) -> &'static [&'static str] {
    match sign {
        Sign::FilesLocked => &["advice-isolate", "advice-power", "advice-no-ransom", "advice-keep"],
        Sign::PageChanged => &["advice-page", "advice-keep"],
        Sign::StrangeLogin => &["advice-password", "advice-keep"],
        Sign::ServiceDown => &["advice-power", "advice-keep"],
        Sign::SuspiciousMessage => &["advice-no-click", "advice-keep"],
        Sign::AntivirusAlert => &["advice-isolate", "advice-no-clean", "advice-keep"],
        Sign::DataLeak => &["advice-leak", "advice-keep"],
        Sign::StrangeMachine => &["advice-isolate", "advice-power", "advice-keep"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::i18n::Lang;

    #[test]
    fn every_sign_has_advice_that_is_ordered_and_worded() {
        for sign in Sign::ALL {
            for key in of(*sign) {
                assert!(ORDER.contains(key), "{key}");
                assert_ne!(Lang::Vi.t(key), *key);
            }
        }
    }

    #[test]
    fn advice_stands_once_and_isolating_comes_first() {
        let keys = keys(&[Sign::StrangeLogin, Sign::StrangeMachine, Sign::FilesLocked]);
        assert_eq!(keys[0], "advice-isolate");
        assert_eq!(keys.iter().filter(|key| **key == "advice-keep").count(), 1);
        assert_eq!(super::keys(&[]), ["advice-keep"]);
    }
}

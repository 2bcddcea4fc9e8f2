//! How a command speaks to the person at the terminal: in Vietnamese first, on stderr.

use std::io::Write;

use clap::ValueEnum;
use khien_hub::web::i18n::Lang;

/// A language on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tongue {
    /// Tiếng Việt
    Vi,
    /// English
    En,
}

/// Returns the language to speak: the one asked for, else English where the terminal is set to
/// it, else Vietnamese.
pub(crate) fn lang(asked: Option<Tongue>) -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    choose(asked, set.as_deref())
}

fn choose(asked: Option<Tongue>, set: Option<&str>) -> Lang {
    match asked {
        Some(Tongue::Vi) => Lang::Vi,
        Some(Tongue::En) => Lang::En,
        None if set.is_some_and(|set| set.starts_with("en")) => Lang::En,
        None => Lang::Vi,
    }
}

/// Says a line on stderr; when that is gone there is nobody to tell.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_unless_somebody_wants_english() {
        let table = [
            (None, None, Lang::Vi),
            (None, Some("C.UTF-8"), Lang::Vi),
            (None, Some("vi_VN.UTF-8"), Lang::Vi),
            (None, Some("en_US.UTF-8"), Lang::En),
            (Some(Tongue::Vi), Some("en_US.UTF-8"), Lang::Vi),
            (Some(Tongue::En), None, Lang::En),
        ];
        for (asked, set, expected) in table {
            assert_eq!(choose(asked, set), expected, "{asked:?} {set:?}");
        }
    }
}

//! What was typed into a report form, and what is wrong with it.
//!
//! A refused form comes back with everything that was typed and every fault at its field, so that
//! a nervous officer corrects once. The rules are the domain's; this file only finds out which
//! field each refusal means.

use khien_domain::id::{AssetId, UnitId};
use khien_domain::refusal::{Code, Refusal};
use khien_domain::signal::{ReportFacts, Sign};
use khien_domain::text::{self, NAME_CHARS_MAX};
use khien_domain::unit::phone;
use uuid::Uuid;

use super::store::OwnAsset;
use super::{Filing, Teller, WAYS};
use crate::fault::{Fault, refusal_text};
use crate::web::i18n::Lang;
use crate::web::time;
use crate::web::view::View;

/// The value of the choice "không rõ" in the list of systems.
pub(super) const UNKNOWN: &str = "unknown";

/// A report form as it was filled in.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) form_key: String,
    pub(super) unit: String,
    pub(super) detected: String,
    pub(super) signs: Vec<String>,
    pub(super) text: String,
    pub(super) asset: String,
    pub(super) system: String,
    pub(super) technical: String,
    pub(super) isolated: bool,
    pub(super) teller_name: String,
    pub(super) teller_phone: String,
    pub(super) way: String,
}

impl Typed {
    /// Returns an empty form: detected now, system unknown, by telephone.
    pub(super) fn empty(form_key: Uuid, unit: UnitId, now: i64) -> Self {
        Self {
            form_key: form_key.to_string(),
            unit: unit.to_string(),
            detected: time::field(now),
            asset: UNKNOWN.to_owned(),
            way: WAYS[0].to_owned(),
            ..Self::default()
        }
    }
}

impl From<Vec<(String, String)>> for Typed {
    fn from(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "form_key" => typed.form_key = value,
                "unit" => typed.unit = value,
                "detected" => typed.detected = value,
                "sign" => typed.signs.push(value),
                "text" => typed.text = value,
                "asset" => typed.asset = value,
                "system" => typed.system = value,
                "technical" => typed.technical = value,
                "isolated" => typed.isolated = true,
                "teller_name" => typed.teller_name = value,
                "teller_phone" => typed.teller_phone = value,
                "way" => typed.way = value,
                _ => {}
            }
        }
        typed
    }
}

/// A fault at a field: the id of the field, and the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) sentence: String,
}

/// Returns the sentence of a field's fault, if it has one.
pub(super) fn fault_of<'a>(wrongs: &'a [Wrong], field: &str) -> Option<&'a str> {
    wrongs.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.sentence.as_str())
}

/// Why a form was not filed.
pub(super) enum Unfiled {
    /// It goes back with these faults.
    Wrong(Vec<Wrong>),
    /// It is no form of ours.
    Fault(Fault),
}

impl From<Fault> for Unfiled {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Reads a unit's own report.
pub(super) fn own(view: &View, typed: &Typed, assets: &[OwnAsset]) -> Result<Filing, Unfiled> {
    read(view, typed, assets, false)
}

/// Reads a report that the desk enters; `assets` are those of the unit that was chosen.
pub(super) fn told(view: &View, typed: &Typed, assets: &[OwnAsset]) -> Result<Filing, Unfiled> {
    read(view, typed, assets, true)
}

fn read(view: &View, typed: &Typed, assets: &[OwnAsset], is_told: bool) -> Result<Filing, Unfiled> {
    let form_key = typed.form_key.parse().map_err(|_| Fault::Unreadable)?;
    let mut wrongs = Vec::new();
    let unit: Option<UnitId> = typed.unit.parse().ok();
    if unit.is_none() {
        wrongs.push(wrong(view, "unit", "report-unit-missing"));
    }
    let teller = is_told.then(|| teller(view, typed, &mut wrongs));
    let facts = facts(view, typed, assets, &mut wrongs)?;
    match (unit, facts) {
        (Some(unit), Some(facts)) if wrongs.is_empty() => {
            Ok(Filing { unit, facts, teller, files: Vec::new(), form_key })
        }
        _ => Err(Unfiled::Wrong(wrongs)),
    }
}

fn wrong(view: &View, field: &'static str, key: &str) -> Wrong {
    Wrong { field, sentence: view.t(key) }
}

fn refused(view: &View, field: &'static str, refusal: &Refusal) -> Wrong {
    Wrong { field, sentence: refusal_text(view, refusal) }
}

fn teller(view: &View, typed: &Typed, wrongs: &mut Vec<Wrong>) -> Teller {
    let way = typed.way.clone();
    let name = text::line("teller_name", &typed.teller_name, NAME_CHARS_MAX)
        .map_err(|refusal| wrongs.push(refused(view, "teller_name", &refusal)))
        .unwrap_or_default();
    // Whoever telephones can be asked for a number; a letter is answered by letter.
    let needs_phone = way == WAYS[0] || !typed.teller_phone.trim().is_empty();
    let phone = needs_phone.then(|| phone(&typed.teller_phone)).and_then(|phone| {
        phone.map_err(|refusal| wrongs.push(refused(view, "teller_phone", &refusal))).ok()
    });
    if !WAYS.contains(&way.as_str()) {
        wrongs.push(wrong(view, "way", "report-way-missing"));
    }
    Teller { name, phone, way }
}

fn facts(
    view: &View,
    typed: &Typed,
    assets: &[OwnAsset],
    wrongs: &mut Vec<Wrong>,
) -> Result<Option<ReportFacts>, Fault> {
    let detected = time::parse(&typed.detected);
    if detected.is_none() {
        wrongs.push(wrong(view, "detected", "report-detected-missing"));
    }
    let signs: Result<Vec<Sign>, _> = typed.signs.iter().map(|code| code.parse()).collect();
    let (asset, system_text) = system(typed, assets);
    let facts = ReportFacts {
        detected_at: detected.unwrap_or(view.now),
        signs: signs.map_err(|_| Fault::Unreadable)?,
        signs_text: Some(typed.text.clone()),
        asset,
        system_text,
        technical: Some(technical(typed)),
    };
    Ok(check(view, facts, wrongs))
}

/// Returns the asset that was picked or named, and the words for one that is not registered.
fn system(typed: &Typed, assets: &[OwnAsset]) -> (Option<AssetId>, Option<String>) {
    let picked = assets.iter().find(|asset| asset.id.to_string() == typed.asset);
    let said = khien_domain::fold::fold(typed.system.trim());
    let named = || assets.iter().find(|asset| khien_domain::fold::fold(&asset.name) == said);
    let asset = picked.or_else(named).map(|asset| AssetId::new(asset.id));
    let words = match typed.system.trim() {
        "" if typed.asset == UNKNOWN => Some(Lang::Vi.t("report-system-unknown")),
        words => Some(words.to_owned()),
    };
    (asset, words)
}

/// What was done is a technical fact: whoever opens the report must see it at once.
fn technical(typed: &Typed) -> String {
    let done = if typed.isolated { Lang::Vi.t("report-isolated") } else { String::new() };
    [typed.technical.trim(), &done]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Asks the domain again and again, each time without the field that it refused, until it has
/// named every one; returns the facts when it named none.
fn check(view: &View, mut facts: ReportFacts, wrongs: &mut Vec<Wrong>) -> Option<ReportFacts> {
    const FIELDS: usize = 4;
    let before = wrongs.len();
    for _ in 0..=FIELDS {
        match facts.clone().checked(view.now) {
            Ok(checked) => return (wrongs.len() == before).then_some(checked),
            Err(refusal) => {
                let field = mend(&mut facts, &refusal, view.now);
                wrongs.push(refused(view, field, &refusal));
            }
        }
    }
    None
}

/// Puts something sound where a refusal points, and returns which field that is.
fn mend(facts: &mut ReportFacts, refusal: &Refusal, now: i64) -> &'static str {
    let about = refusal.args.iter().find(|(name, _)| *name == "field").map(|(_, v)| v.as_str());
    let sound = || Some("-".to_owned());
    if refusal.is(Code::SignsMissing) || about == Some("signs") {
        facts.signs_text = sound();
        "signs"
    } else if refusal.is(Code::SystemMissing) || about == Some("system") {
        facts.system_text = sound();
        "system"
    } else if about == Some("technical") {
        facts.technical = None;
        "technical"
    } else {
        facts.detected_at = now;
        "detected"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000_000;

    fn typed() -> Typed {
        let unit = UnitId::new(Uuid::from_u128(7));
        Typed { signs: vec!["files_locked".into()], ..Typed::empty(Uuid::nil(), unit, NOW) }
    }

    fn view() -> View {
        View { now: NOW, ..View::default() }
    }

    fn wrong_fields(result: Result<Filing, Unfiled>) -> Vec<&'static str> {
        match result {
            Err(Unfiled::Wrong(wrongs)) => wrongs.iter().map(|wrong| wrong.field).collect(),
            Err(Unfiled::Fault(fault)) => panic!("{fault}"),
            Ok(_) => vec![],
        }
    }

    #[test]
    fn one_tap_is_a_whole_report() {
        let Ok(filing) = own(&view(), &typed(), &[]) else { panic!("a sound form") };
        assert_eq!(filing.facts.signs, [Sign::FilesLocked]);
        assert_eq!(filing.facts.system_text.as_deref(), Some("Không rõ"));
        assert_eq!(filing.facts.detected_at, NOW - NOW.rem_euclid(60_000_000));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let empty = Typed {
            detected: "2027-01-01T00:00".into(),
            signs: vec![],
            asset: String::new(),
            technical: "x".repeat(20_001),
            ..typed()
        };
        let fields = wrong_fields(own(&view(), &empty, &[]));
        assert_eq!(fields, ["detected", "technical", "signs", "system"]);
        let unreadable = Typed { detected: "hôm qua".into(), ..typed() };
        assert_eq!(wrong_fields(own(&view(), &unreadable, &[])), ["detected"]);
    }

    #[test]
    fn the_desk_asks_who_telephoned() {
        assert_eq!(wrong_fields(told(&view(), &typed(), &[])), ["teller_name", "teller_phone"]);
        let paper = Typed { teller_name: "Lê Văn Hùng".into(), way: "paper".into(), ..typed() };
        assert!(wrong_fields(told(&view(), &paper, &[])).is_empty());
    }

    #[test]
    fn an_asset_is_found_by_its_name_without_marks() {
        let id = Uuid::from_u128(3);
        let assets =
            [OwnAsset { id, name: "Máy Kế Toán".into(), kind: "device".into(), level: None }];
        let named = Typed { system: "may ke toan".into(), ..typed() };
        let Ok(filing) = own(&view(), &named, &assets) else { panic!("a sound form") };
        assert_eq!(filing.facts.asset, Some(AssetId::new(id)));
        let foreign = Typed { asset: Uuid::from_u128(4).to_string(), ..typed() };
        assert_eq!(wrong_fields(own(&view(), &foreign, &assets)), ["system"]);
    }

    #[test]
    fn a_foreign_sign_or_key_is_no_form_of_ours() {
        for bad in [
            Typed { signs: vec!["nonsense".into()], ..typed() },
            Typed { form_key: "x".into(), ..typed() },
        ] {
            assert!(matches!(own(&view(), &bad, &[]), Err(Unfiled::Fault(Fault::Unreadable))));
        }
    }
}

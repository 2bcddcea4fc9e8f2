//! Importing what an office has in its spreadsheets: units, people, systems, contacts.
//!
//! A room above the slices: each slice reads its own sheet, this joins them. A sheet is taken whole,
//! in one transaction with its journal lines, or not at all; the same sheet twice changes nothing.

use khien_domain::coded::UnknownCode;
use khien_store::Write;

use crate::access::people::{self, PrintedSlip};
use crate::app::App;
use crate::fault::Fault;
use crate::sheet::{Problems, Summary};
use crate::web::i18n::Arg;
use crate::web::view::{Caller, View};
use crate::{asset, unit};

/// What a sheet lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Units of the province.
    Units,
    /// Officers and their grants.
    People,
    /// Information systems and devices.
    Systems,
    /// Whom to call at a unit.
    Contacts,
}

impl Kind {
    /// Every kind, in the order in which an empty province needs them.
    pub const ALL: &'static [Self] = &[Self::Units, Self::People, Self::Contacts, Self::Systems];

    /// Returns its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Units => "units",
            Self::People => "people",
            Self::Systems => "systems",
            Self::Contacts => "contacts",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().find(|kind| kind.code() == code).copied();
        found.ok_or_else(|| UnknownCode { what: "import::Kind", value: code.to_owned() })
    }
}

/// How an import ended.
#[derive(Debug)]
pub enum Outcome {
    /// The sheet is at fault; nothing was written.
    Faulty(Problems),
    /// The sheet is sound.
    Sound {
        /// What it changes.
        summary: Summary,
        /// One slip per new officer; none on a trial.
        slips: Vec<PrintedSlip>,
    },
}

/// Reads a sheet and, unless it is a trial, does what it says.
///
/// # Errors
/// When the store fails or a rule says no to the whole.
pub async fn import(
    app: &App,
    caller: &Caller,
    kind: Kind,
    bytes: &[u8],
    trial: bool,
) -> Result<Outcome, Fault> {
    let mut write = app.db.write().await?;
    let (summary, slips) = match carry_out(app, &mut write, caller, kind, bytes).await? {
        Ok(done) => done,
        Err(problems) => return Ok(Outcome::Faulty(problems)),
    };
    if trial {
        // Dropped, the transaction never happened; nor did its slips.
        return Ok(Outcome::Sound { summary, slips: Vec::new() });
    }
    if !summary.changes.is_empty() {
        app.commit(write).await?;
    }
    Ok(Outcome::Sound { summary, slips })
}

type Done = Result<(Summary, Vec<PrintedSlip>), Problems>;

async fn carry_out(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    kind: Kind,
    bytes: &[u8],
) -> Result<Done, Fault> {
    let (actor, now) = (caller.actor(), app.now());
    let new_id = || app.new_id();
    let tree = unit::store::tree(write).await?;
    let mut slips = Vec::new();
    let planned = match kind {
        Kind::Units => match unit::import::plan(bytes, &tree, now, new_id) {
            Err(problems) => Err(problems),
            Ok(plan) => {
                unit::import_units(app, write, &actor, &plan.deeds).await?;
                Ok(plan.summary)
            }
        },
        Kind::Contacts => {
            let held = unit::store::every_contact(write).await?;
            match unit::contacts::plan(bytes, &tree, &held, now, new_id) {
                Err(problems) => Err(problems),
                Ok(plan) => {
                    unit::import_contacts(app, write, &actor, &plan.deeds).await?;
                    Ok(plan.summary)
                }
            }
        }
        Kind::Systems => {
            let held = asset::store::live(write).await?;
            match asset::import::plan(bytes, &tree, &held, new_id) {
                Err(problems) => Err(problems),
                Ok(plan) => {
                    asset::import_assets(app, write, &actor, &plan.deeds).await?;
                    Ok(plan.summary)
                }
            }
        }
        Kind::People => {
            let held = people::store::every(write).await?;
            let standing = people::store::standing(write).await?;
            match people::import::plan(bytes, &tree, &held, &standing, now, new_id) {
                Err(problems) => Err(problems),
                Ok(plan) => {
                    slips = people::import_people(app, write, caller, &plan.deeds).await?;
                    Ok(plan.summary)
                }
            }
        }
    };
    Ok(planned.map(|summary| (summary, slips)))
}

/// Returns what a summary says, a line each, for a terminal or a page.
pub fn lines(view: &View, summary: &Summary) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for change in &summary.changes {
        let what = Arg::Text(&change.label);
        lines.push(match &change.fields {
            None => view.lang.ta("import-added", &[("what", what)]),
            Some(fields) => {
                let names: Vec<String> =
                    fields.iter().map(|field| view.t(&format!("column-{field}"))).collect();
                let names = names.join(", ");
                view.lang.ta("import-changed", &[("what", what), ("fields", Arg::Text(&names))])
            }
        });
    }
    lines.push(counts(view, summary));
    if !summary.ignored.is_empty() {
        let columns = summary.ignored.join(", ");
        lines.push(view.lang.ta("import-ignored", &[("columns", Arg::Text(&columns))]));
    }
    lines
}

fn counts(view: &View, summary: &Summary) -> String {
    let (added, changed) = summary.rows();
    let args = [
        ("rows", Arg::Number((added + changed + summary.same) as i64)),
        ("added", Arg::Number(added as i64)),
        ("changed", Arg::Number(changed as i64)),
        ("same", Arg::Number(summary.same as i64)),
    ];
    view.lang.ta("import-counts", &args)
}

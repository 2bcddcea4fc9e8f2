//! The page of one incident: where it stands, its four facts, tasks, verdict, evidence, parties
//! and everything that happened.

use khien_domain::access::{Action, Depth, may};
use khien_domain::clock::Clock;
use khien_domain::id::{MatterId, SignalId, UnitId};
use khien_domain::incident::{LeakVerdict, Severity, State, nothing_owed};
use khien_domain::matter::PartyRole;
use khien_domain::refusal::Refusal;
use khien_domain::task::{AnswerKind, default_due};
use khien_domain::time::HOUR;
use khien_store::Conn;
use maud::{Markup, html};

use super::store::{self, IncidentRow, PartRow, PartyRow};
use super::{clock, law};
use crate::app::App;
use crate::evidence::store::{EvidenceRow, Holder};
use crate::fault::{Fault, refusal_text};
use crate::journal::timeline::{self, Moment};
use crate::signal::store::SignalRow;
use crate::task::store::TaskRow;
use crate::web::view::{Caller, View};
use crate::web::{parts, stored};
use crate::{evidence, signal, task, unit};

/// Everything that the page shows, read in one snapshot.
pub(super) struct Sheet {
    pub(super) row: IncidentRow,
    state: State,
    clocks: Vec<Clock>,
    signals: Vec<(SignalRow, serde_json::Value)>,
    tasks: Vec<TaskRow>,
    files: Vec<EvidenceRow>,
    parties: Vec<PartyRow>,
    moments: Vec<Moment>,
    allowed: Vec<Action>,
    /// How many tasks keep it from ending.
    tasks_open: u32,
    /// What keeps the reader from closing it.
    close_waits_for: Vec<Refusal>,
    /// What was merged into it, as far as the reader may know of it.
    parts: Vec<PartRow>,
}

/// Reads what the caller may see of an incident that [`store::find`] let them know of.
pub(super) async fn load(
    app: &App,
    conn: &mut Conn,
    caller: &Caller,
    row: IncidentRow,
) -> Result<Sheet, Fault> {
    let (person, id) = (caller.person.id, MatterId::new(row.id));
    let tasks_open = task::store::blocking(conn, id).await?;
    let mut sheet = Sheet {
        state: stored(&row.state)?,
        clocks: Vec::new(),
        signals: Vec::new(),
        tasks: task::store::of_matter(conn, person, id).await?,
        files: Vec::new(),
        parties: store::parties(conn, person, id).await?,
        moments: Vec::new(),
        allowed: allowed(app, conn, caller, &row).await?,
        tasks_open,
        close_waits_for: row.noun()?.close_waits_for(person, tasks_open),
        parts: store::parts(conn, person, id).await?,
        row,
    };
    if sheet.works() {
        sheet.clocks = clock::of(&sheet.row)?;
        for signal in signal::store::of_matter(conn, person, id).await? {
            let details = signal::store::details(conn, SignalId::new(signal.id)).await?;
            sheet.signals.push((signal, serde_json::from_str(&details.body).unwrap_or_default()));
        }
        sheet.files = evidence::store::list(conn, person, Holder::Matter(id)).await?;
        sheet.moments = timeline::of(conn, &sheet.subjects()).await?;
    }
    Ok(sheet)
}

async fn allowed(
    app: &App,
    conn: &mut Conn,
    caller: &Caller,
    row: &IncidentRow,
) -> Result<Vec<Action>, Fault> {
    let tree = unit::store::tree(conn).await?;
    let lead = UnitId::new(row.lead);
    let mut allowed = Action::ALL.to_vec();
    allowed.retain(|&action| may(&caller.person, action, lead, &tree, app.now()).is_ok());
    Ok(allowed)
}

impl Sheet {
    /// The journal's names of the incident and of what the reader sees of it.
    fn subjects(&self) -> Vec<String> {
        let matter = [format!("matter:{}", self.row.id)];
        let signals = self.signals.iter().map(|(s, _)| format!("signal:{}", s.id));
        let tasks = self.tasks.iter().map(|t| format!("task:{}", t.id));
        let files = self.files.iter().map(|f| format!("evidence:{}", f.id));
        matter.into_iter().chain(signals).chain(tasks).chain(files).collect()
    }

    fn may(&self, action: Action) -> bool {
        self.allowed.contains(&action)
    }

    /// Returns whether the reader sees more than the card: a unit that is only told learns the
    /// number, the kind and the state.
    fn works(&self) -> bool {
        self.row.reads(Depth::Work)
    }

    fn path(&self, deed: &str) -> String {
        format!("/incidents/{}/{deed}", self.row.id)
    }

    pub(super) fn render(&self, view: &View) -> Result<Markup, Fault> {
        let row = &self.row;
        Ok(html! {
            (parts::crumbs(view, "/incidents", &view.t("nav-incidents"), &row.number))
            (self.head(view))
            @if let (Some(into), Some(number)) = (row.merged_into, &row.merged_number) {
                div.notice { (parts::icon("link")) p.notice-body {
                    (view.t("incident-merged-into")) " "
                    a href=(format!("/incidents/{into}")) { (number) }
                } }
            }
            @if !self.parts.is_empty() {
                div.notice { (parts::icon("link")) p.notice-body.cluster {
                    (view.t("incident-parts"))
                    @for part in &self.parts { a href=(format!("/incidents/{}", part.id)) { (part.number) } }
                    @if self.parts.len() as i64 == store::PARTS_MAX {
                        (view.lang.ta("incident-parts-first", &[("count", store::PARTS_MAX.into())]))
                    }
                } }
            }
            div.columns {
                div {
                    @if let Some((first, body)) = self.signals.first() { (signal::page::four(view, first, body)) }
                    @if self.works() { (self.verdict(view)?) }
                    (self.task_list(view))
                    @if self.works() { (evidence::page::panel(view, &self.files)) }
                    @if self.signals.len() > 1 { (self.signal_list(view)) }
                }
                aside {
                    (law::panel(view, row, &self.clocks, self.may(Action::LeadIncident))?)
                    (self.about(view))
                    (self.party_list(view))
                    (timeline::panel(view, &self.moments))
                }
            }
        })
    }

    fn head(&self, view: &View) -> Markup {
        let row = &self.row;
        html! {
            div.matter-head {
                div.page-head {
                    div.page-title { p.matter-number { (row.number) } h1 { (row.title) } }
                    div.cluster {
                        (parts::level(view, &row.severity))
                        (parts::state(view, "incident", &row.state))
                        (parts::tlp(&row.marking))
                        @if let Some(clock) = self.clocks.iter().find(|clock| clock.is_owed()) {
                            (parts::clock(view, clock.due))
                        }
                    }
                }
                (self.steps(view))
                (self.deeds(view))
            }
        }
    }

    fn steps(&self, view: &View) -> Markup {
        const STEPS: [State; 5] =
            [State::Open, State::Contained, State::Recovering, State::Resolved, State::Closed];
        let Some(here) = STEPS.iter().position(|s| *s == self.state) else { return html! {} };
        html! {
            ol.steps aria-label=(view.t("incident-steps")) {
                @for (place, step) in STEPS.iter().enumerate() {
                    @if place == here {
                        li.step.step-now aria-current="step" {
                            (view.t(&format!("incident-step-{step}")))
                            small { (parts::moment(self.row.state_since)) }
                        }
                    } @else {
                        li.step.step-done[place < here] {
                            (view.t(&format!("incident-step-{step}")))
                            @if place < here && let Some(at) = self.reached_at(*step) {
                                small { (parts::moment(at)) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Returns when it was opened, or last came to another step, as far back as the time line tells.
    fn reached_at(&self, step: State) -> Option<i64> {
        if step == State::Open {
            return Some(self.row.opened_at);
        }
        let own = format!("matter:{}", self.row.id);
        let mut moves = self.moments.iter().filter(|moment| {
            let stays = matches!(&*moment.action, "incident.judge" | "incident.report");
            moment.subject == own && !stays
        });
        let came = moves.find(|moment| moment.after.as_deref() == Some(step.code()));
        came.map(|moment| moment.at)
    }

    fn deeds(&self, view: &View) -> Markup {
        let next = match self.state {
            State::Open => Some(("contain", Action::LeadIncident)),
            State::Contained => Some(("recover", Action::LeadIncident)),
            State::Recovering => Some(("resolve", Action::LeadIncident)),
            State::Resolved | State::Closed | State::Voided | State::Merged => None,
        };
        let back = matches!(self.state, State::Contained | State::Recovering | State::Resolved);
        let sure = |deed: &str, danger: bool| {
            let key = format!("incident-{deed}");
            parts::sure(view, &self.path(deed), &key, "reason", danger)
        };
        let closes = self.state == State::Resolved && self.may(Action::CloseIncident);
        html! {
            @if closes { (self.close_waits(view)) }
            div.actions {
                @if let Some((deed, action)) = next { @if self.may(action) {
                    form method="post" action=(self.path(deed)) {
                        button.button.button-main {
                            (parts::icon("arrow-right")) (view.t(&format!("incident-{deed}")))
                        }
                    }
                } }
                @if closes && self.close_waits_for.is_empty() {
                    (law::closing(view, &self.row, &self.clocks))
                }
                @if back && self.may(Action::LeadIncident) { (sure("step-back", false)) }
                @if self.may(Action::CloseIncident) {
                    @if self.state == State::Closed { (sure("reopen", false)) }
                    @if self.state == State::Merged { (sure("unmerge", false)) }
                    @if self.state == State::Open { (self.merge(view)) (self.void(view)) }
                }
                button.button.only-js type="button" data-print {
                    (parts::icon("print")) (view.t("print"))
                }
            }
        }
    }

    /// What is missing before it can close, in the place of the button.
    fn close_waits(&self, view: &View) -> Markup {
        html! {
            @if !self.close_waits_for.is_empty() {
                div.notice.notice-warn {
                    (parts::icon("warning"))
                    div.notice-body {
                        b { (view.t("incident-close-waits")) }
                        ul { @for refusal in &self.close_waits_for { li { (refusal_text(view, refusal)) } } }
                    }
                }
            }
        }
    }

    /// Why it can neither be voided nor merged yet: nothing while nobody owes anything to it.
    fn tasks_wait(&self, view: &View) -> Option<Markup> {
        let refusal = nothing_owed(self.tasks_open).err()?;
        Some(html! { p.help { (refusal_text(view, &refusal)) } })
    }

    fn void(&self, view: &View) -> Markup {
        let Some(wait) = self.tasks_wait(view) else {
            return parts::sure(view, &self.path("void"), "incident-void", "reason", true);
        };
        html! {
            details.sure {
                summary.button.button-danger { (view.t("incident-void")) "…" }
                (wait)
            }
        }
    }

    fn merge(&self, view: &View) -> Markup {
        html! {
            details.sure {
                summary.button { (view.t("incident-merge")) "…" }
                @if let Some(wait) = self.tasks_wait(view) { (wait) } @else { (self.merge_form(view)) }
            }
        }
    }

    fn merge_form(&self, view: &View) -> Markup {
        html! {
            form method="post" action=(self.path("merge")) {
                (parts::field(view, "merge-into", "incident-merge-number", true, html! {
                    input.input #merge-into name="into" required placeholder="SC-2026-0001";
                }))
                (parts::field(view, "merge-reason", "reason", true, html! {
                    textarea.textarea #merge-reason name="reason" required maxlength="2000" {}
                }))
                button.button { (view.t("incident-merge")) }
            }
        }
    }

    /// Returns whether the verdict is still to be given before the incident can close.
    fn verdict_is_open(&self) -> bool {
        let unclear = |leak: &str| leak == LeakVerdict::Unclear.code();
        self.row.leak.as_deref().is_none_or(unclear) && !self.state.is_over()
    }

    fn verdict(&self, view: &View) -> Result<Markup, Fault> {
        let row = &self.row;
        let given = row.leak.as_deref().map(stored::<LeakVerdict>).transpose()?;
        let open = self.verdict_is_open();
        let class = match given {
            Some(v) if v.is_leak() => "verdict verdict-leaked",
            Some(LeakVerdict::NoSign) => "verdict verdict-given",
            _ => "verdict",
        };
        Ok(html! {
            section class=(class) {
                h2.verdict-title {
                    (parts::icon("leak")) (view.t("verdict-title")) " "
                    @if let Some(v) = given {
                        span.state.state-closed { (view.t(&format!("leak-{v}"))) }
                    } @else if open {
                        span.state.state-open { (view.t("verdict-needed")) }
                    }
                }
                @if let Some(reason) = &row.leak_reason { p.quote { (reason) } }
                @if let (Some(name), Some(at)) = (&row.leak_by_name, row.leak_at) {
                    p.soft { (name) " · " (parts::moment(at)) }
                }
                @if !self.state.is_over() {
                    @if self.may(Action::GiveVerdict) { (self.verdict_form(view, given, open)) }
                    @else if open { p.soft { (view.t("verdict-who")) } }
                }
            }
        })
    }

    fn verdict_form(&self, view: &View, given: Option<LeakVerdict>, open: bool) -> Markup {
        html! {
            details open[open] {
                summary { (view.t(if open { "verdict-give" } else { "verdict-change" })) }
                form.form method="post" action=(self.path("verdict")) {
                    fieldset.choice-group {
                        legend.sr { (view.t("verdict-title")) }
                        div.chips.chips-long {
                            @for v in LeakVerdict::ALL {
                                label.chip {
                                    input type="radio" name="leak" value=(v) required
                                        checked[given == Some(*v)];
                                    span.chip-body { span { (view.t(&format!("leak-{v}"))) } }
                                }
                            }
                        }
                    }
                    (parts::field(view, "verdict-reason", "verdict-basis", true, html! {
                        span.help { (view.t("verdict-basis-help")) }
                        textarea.textarea #verdict-reason name="reason" required maxlength="2000" {}
                    }))
                    div.actions { button.button.button-main { (view.t("verdict-save")) } }
                }
            }
        }
    }

    fn task_list(&self, view: &View) -> Markup {
        html! {
            section.panel {
                div.panel-head {
                    h2 { (view.t("nav-tasks")) " " span.badge.badge-quiet { (self.tasks.len()) } }
                }
                @if self.tasks.is_empty() { p.panel-body.soft { (view.t("task-none")) } }
                @else { ul.tasks { @for row in &self.tasks { (task::page::line(view, row)) } } }
                @if self.may(Action::GiveTask) && !self.state.is_over() { (self.task_form(view)) }
            }
        }
    }

    fn task_form(&self, view: &View) -> Markup {
        let answers = AnswerKind::ALL.iter().map(|a| a.code());
        let own = self.parties.iter().find(|p| p.unit == self.row.unit);
        let hours = default_due(0, self.row.severity == Severity::Serious.code()) / HOUR;
        html! {
            div.panel-body { details {
                summary { (view.t("task-give")) }
                form.form method="post" action=(self.path("tasks")) {
                    (parts::field(view, "task-unit", "unit-code", true, html! {
                        input.input #task-unit name="unit" required list="party-codes"
                            value=(own.map_or("", |p| p.code.as_str()));
                        (self.party_codes())
                    }))
                    (parts::field(view, "task-title", "task-title", true, html! {
                        input.input #task-title name="title" required maxlength="200";
                    }))
                    (parts::field(view, "task-details", "task-details", false, html! {
                        textarea.textarea #task-details name="details" maxlength="20000" {}
                    }))
                    div.field-row {
                        (parts::field(view, "task-answer", "task-answer-wanted", true, html! {
                            select.select #task-answer name="answer" {
                                (parts::options(view, "answer", answers, "confirmation"))
                            }
                        }))
                        (parts::field(view, "task-hours", "task-hours", true, html! {
                            input.input.input-short #task-hours type="number" name="hours" min="1"
                                max="8760" value=(hours) required;
                        }))
                    }
                    div.actions { button.button.button-main { (view.t("task-give")) } }
                }
            } }
        }
    }

    fn party_codes(&self) -> Markup {
        html! {
            datalist #party-codes {
                @for party in &self.parties { option value=(party.code) { (party.name) } }
            }
        }
    }

    fn signal_list(&self, view: &View) -> Markup {
        html! {
            section.panel {
                div.panel-head { h2 { (view.t("nav-signals")) } }
                (signal::page::table(view, self.signals.iter().map(|(signal, _)| signal)))
            }
        }
    }

    fn about(&self, view: &View) -> Markup {
        let row = &self.row;
        html! {
            section.panel {
                div.panel-head { h2 { (view.t("signal-about")) } }
                div.panel-body { dl.pairs {
                    @if self.works() {
                        dt { (view.t("party-lead")) } dd { (row.lead_name) }
                        dt { (view.t("unit")) }
                        dd { a href=(format!("/units/{}", row.unit)) { (row.unit_name) } }
                        dt { (view.t("fact-detected")) } dd { (parts::moment(row.detected_at)) }
                    }
                    dt { (view.t("incident-category")) }
                    dd { (view.t(&format!("category-{}", row.category))) }
                    dt { (view.t("incident-opened-at")) } dd { (parts::moment(row.opened_at)) }
                    @if let Some(at) = row.closed_at {
                        dt { (view.t("incident-closed-at")) } dd { (parts::moment(at)) }
                    }
                    @if let (Some(id), Some(number)) = (row.follows, &row.follows_number) {
                        dt { (view.t("incident-follows")) }
                        dd { a href=(format!("/incidents/{id}")) { (number) } }
                    }
                } }
            }
        }
    }

    fn party_list(&self, view: &View) -> Markup {
        let roles = PartyRole::ALL.iter().filter(|r| **r != PartyRole::Lead).map(|r| r.code());
        html! {
            section.panel {
                div.panel-head { h2 { (view.t("incident-parties")) } }
                div.panel-body {
                    dl.pairs { @for party in &self.parties {
                        dt { (view.t(&format!("party-{}", party.role))) }
                        dd { a href=(format!("/units/{}", party.unit)) { (party.name) } }
                    } }
                    @if self.may(Action::AddParty) && !self.state.is_over() {
                        details {
                            summary { (view.t("party-add")) }
                            form.form method="post" action=(self.path("parties")) {
                                (parts::field(view, "party-unit", "unit-code", true, html! {
                                    input.input #party-unit name="unit" required;
                                }))
                                (parts::field(view, "party-role", "party-role", true, html! {
                                    select.select #party-role name="role" {
                                        (parts::options(view, "party", roles, "responder"))
                                    }
                                }))
                                div.actions { button.button { (view.t("party-add")) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

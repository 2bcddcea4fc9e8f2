//! A rule's way through its plan, for people who wonder why it is dear or never fires. Read-only: it
//! compiles the rule by itself, as a log source without fixed event id would.

use super::build::{Plan, Serving, Source, effort};
use super::question::{Question, QuestionAt, Questions, Tree};
use super::steps::{Goal, HIT, Known};
use super::witness;
use crate::fields::Fields;
use crate::sigma::matcher::{Comparison, Test};
use crate::sigma::pattern::{Pattern, Place, Token};

/// How a rule is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What makes it worth trying on an event: one of these must hold. None: it is tried on every
    /// event of its log source.
    pub witnesses: Option<Vec<String>>,
    /// What is asked then; the first is where it begins.
    pub steps: Vec<ExplainedStep>,
}

/// One question of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedStep {
    /// As a rule writes it: `Image|endswith '\cmd.exe'`; alternatives that are asked together with
    /// ` / ` between them.
    pub question: String,
    /// What an answer takes beside others, a comparison being 2 and a regular expression 200; none
    /// where looking for witnesses has answered it already.
    pub effort: Option<u32>,
    /// Where a yes leads.
    pub yes: Next,
    /// Where a no leads.
    pub no: Next,
}

/// Where an answer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// On to the step at this place.
    Step(usize),
    /// The rule holds.
    Hit,
    /// It does not.
    Miss,
}

/// Explains a rule by its questions.
pub(crate) fn explain(
    asks: &Tree<QuestionAt>,
    generic: bool,
    questions: &Questions,
    fields: &Fields,
) -> Explained {
    let question = |at: QuestionAt| questions.get(at);
    let told = |at: QuestionAt| describe(question(at), fields);
    let witnesses = witness::witnesses(asks, &question);
    let serving = std::iter::once(Serving { number: 0, asks, generic });
    let plan = Plan::new(serving, Source { aliases: &[], event_id: None }, questions, fields);
    let first = plan.rules.first().map_or(HIT, |(_, first)| *first);
    Explained {
        witnesses: witnesses.map(|all| all.into_iter().map(told).collect()),
        steps: steps(&plan, first, questions, fields),
    }
}

/// The steps in the order in which they can be met.
fn steps(plan: &Plan, first: Goal, questions: &Questions, fields: &Fields) -> Vec<ExplainedStep> {
    let mut order: Vec<Goal> = Vec::new();
    // By step, as a rule may have a million: where it stands in the order.
    let mut places: Vec<Option<usize>> = vec![None; plan.steps.len()];
    let mut meet = |goal: Goal, order: &mut Vec<Goal>| {
        if let Some(place @ None) = places.get_mut(goal as usize) {
            *place = Some(order.len());
            order.push(goal);
        }
    };
    meet(first, &mut order);
    let mut at = 0;
    while let Some(step) = order.get(at).map(|goal| plan.steps[*goal as usize]) {
        // A yes first: what must hold in turn reads as a list.
        meet(step.yes, &mut order);
        meet(step.no, &mut order);
        at += 1;
    }
    let next = |goal: Goal| match places.get(goal as usize).copied().flatten() {
        Some(place) => Next::Step(place),
        None if goal == HIT => Next::Hit,
        None => Next::Miss,
    };
    let told = |goal: &Goal| {
        let step = plan.steps[*goal as usize];
        let question = questions.get(plan.asks[step.ask as usize].question);
        let open = !matches!(step.known, Known::Answered | Known::AnsweredTwice);
        let alone = [step.ask];
        let together = plan.groups.get(&step.ask).map_or(&alone[..], Vec::as_slice);
        let told = together
            .iter()
            .map(|ask| describe(questions.get(plan.asks[*ask as usize].question), fields));
        ExplainedStep {
            question: told.collect::<Vec<_>>().join(" / "),
            effort: open.then(|| effort(&question.test, question.field.is_none())),
            yes: next(step.yes),
            no: next(step.no),
        }
    };
    order.iter().map(told).collect()
}

/// Returns a question as a rule writes it; without a field it is asked of every value.
fn describe(question: &Question, fields: &Fields) -> String {
    let field = question.field.map_or("*", |field| fields.name(field));
    let (modifier, value) = told(&question.test, fields);
    if modifier.is_empty() {
        format!("{field} {value}")
    } else {
        format!("{field}|{modifier} {value}")
    }
}

fn told(test: &Test, fields: &Fields) -> (String, String) {
    let quoted = |text: &str| format!("'{text}'");
    match test {
        Test::Text { pattern, cased } => {
            let (modifier, value) = pattern_told(pattern);
            let case = if *cased { "cased" } else { "" };
            let both = [modifier, case].into_iter().filter(|part| !part.is_empty());
            (both.collect::<Vec<_>>().join("|"), value)
        }
        Test::Number { written, .. } => (String::new(), written.to_string()),
        Test::Null => (String::new(), "null".to_owned()),
        Test::Exists(wanted) => ("exists".to_owned(), wanted.to_string()),
        Test::Regex(regular) => ("re".to_owned(), quoted(regular.as_str())),
        Test::Cidr(net) => ("cidr".to_owned(), net.to_string()),
        Test::Compare(comparison, number) => {
            (comparison_told(*comparison), number.as_float().to_string())
        }
        Test::Time { part, comparison, number } => {
            let part = format!("{part:?}").to_lowercase();
            (format!("{part}|{}", comparison_told(*comparison)), number.as_float().to_string())
        }
        Test::Field { other, place, .. } => {
            let place = match place {
                Place::Whole => "fieldref",
                Place::Start => "fieldref|startswith",
                Place::End => "fieldref|endswith",
                Place::Anywhere => "fieldref|contains",
            };
            (place.to_owned(), fields.name(*other).to_owned())
        }
        Test::OneOf(variants) => {
            let variants = variants.iter().map(|one| {
                let (modifier, value) = told(one, fields);
                format!("{modifier} {value}")
            });
            (String::new(), variants.collect::<Vec<_>>().join(" / "))
        }
    }
}

fn comparison_told(comparison: Comparison) -> String {
    let name = match comparison {
        Comparison::Equal => "eq",
        Comparison::Less => "lt",
        Comparison::LessOrEqual => "lte",
        Comparison::Greater => "gt",
        Comparison::GreaterOrEqual => "gte",
    };
    name.to_owned()
}

fn pattern_told(pattern: &Pattern) -> (&'static str, String) {
    let quoted = |text: &str| format!("'{text}'");
    match pattern {
        Pattern::Equals(text) => ("", quoted(text)),
        Pattern::StartsWith(text) => ("startswith", quoted(text)),
        Pattern::EndsWith(text) => ("endswith", quoted(text)),
        Pattern::Contains(needle) => ("contains", quoted(&needle.text)),
        Pattern::Anything => ("", "*".to_owned()),
        Pattern::InOrder(texts) => ("", quoted(&texts.texts().collect::<Vec<_>>().join("*"))),
        Pattern::Glob(tokens) => {
            let told = tokens.iter().map(|token| match token {
                Token::Char(c) => *c,
                Token::Any => '*',
                Token::One => '?',
            });
            ("", quoted(&told.collect::<String>()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::load::Rules;

    fn explained(detection: &str) -> Explained {
        let rule = format!(
            "title: T\nid: t\nlogsource: {{product: windows, category: process_creation}}\ndetection: {detection}\n"
        );
        let (rules, refused) = Rules::from_texts([("t.yml", rule)]);
        assert!(refused.is_empty(), "{refused:?}");
        Engine::new(rules).split().0.explain("t").unwrap()
    }

    #[test]
    fn witnesses_and_steps_read_like_the_rule() {
        let told = explained(
            "{a: {Image|endswith: '\\rundll32.exe', CommandLine|re: 'x[0-9]+payload'}, \
              b: {User|cased: SYSTEM}, condition: a and not b}",
        );
        assert_eq!(told.witnesses.unwrap().len(), 1);
        let questions: Vec<_> = told.steps.iter().map(|step| step.question.as_str()).collect();
        for question in [
            r"Image|endswith '\rundll32.exe'",
            "CommandLine|re 'x[0-9]+payload'",
            "User|cased 'SYSTEM'",
        ] {
            assert!(questions.contains(&question), "{questions:?}");
        }
        // The regular expression comes last.
        assert!(told.steps.last().unwrap().effort >= Some(200), "{:?}", told.steps);
        assert!(told.steps.iter().any(|step| step.yes == Next::Hit || step.no == Next::Hit));
        assert!(told.steps.iter().all(|step| step.yes != step.no));
    }

    #[test]
    fn a_rule_that_nothing_foretells_says_so() {
        let told = explained("{a: {Image: null}, condition: not a}");
        assert!(explained("{a: {User: null}, condition: a}").witnesses.is_none());
        assert_eq!((told.witnesses, told.steps.len()), (None, 1));
        let alternatives = explained("{a: {Image|contains: [mimikatz, procdump]}, condition: a}");
        assert_eq!(alternatives.witnesses.unwrap().len(), 2);
        // Looking for them has answered them, both together.
        let [step] = &alternatives.steps[..] else { panic!("{:?}", alternatives.steps) };
        assert_eq!(step.effort, None);
        assert!(step.question.contains("mimikatz") && step.question.contains("procdump"));
    }
}

//! Random events in random order: the engine tells what the slow evaluator tells, with a crash in
//! between and without.

use std::collections::BTreeMap;

use khien_detect::{Engine, LATENESS_US};
use proptest::prelude::*;

use crate::harness::{engine, events};
use crate::slow::{Asked, History, Kind, SECOND_US, Sight, Told};

const BASE_S: i64 = 1_800_000_000;
const RULES: [&str; 3] = ["a", "b", "c"];

/// An event: seconds, which of the rules it is of, its group and its value.
#[derive(Clone, Debug)]
struct Happening {
    second: i64,
    kind: &'static str,
    host: u8,
    value: Option<i64>,
}

impl Happening {
    fn batch(&self) -> khien_event::Batch {
        let time = jiff::Timestamp::from_second(BASE_S + self.second).unwrap();
        let value = self.value.map_or("null".to_owned(), |value| value.to_string());
        events(&format!(
            r#"{{"Channel":"System","EventID":1,"UtcTime":"{time}","@timestamp":"{time}","Kind":"{}","Host":"h{}","Value":{value}}}"#,
            self.kind, self.host
        ))
    }

    fn sight(&self) -> Sight {
        let rules = (0..RULES.len()).filter(|at| self.kind.contains(RULES[*at])).collect();
        Sight { at: (BASE_S + self.second) * SECOND_US, rules, value: self.value }
    }
}

fn base_rules() -> String {
    let rule = |name: &str| {
        format!(
            "title: {name}\nid: r{name}\nname: {name}\nlogsource: {{product: windows}}\n\
             detection: {{k: {{Kind|contains: {name}}}, condition: k}}\n"
        )
    };
    RULES.map(rule).join("---\n")
}

fn document(asked: &Asked, id: &str, rules: &str) -> String {
    let mut condition: Vec<String> =
        asked.bounds.iter().map(|(bound, threshold)| format!("{bound}: {threshold}")).collect();
    let kind = match asked.kind {
        Kind::EventCount => "event_count",
        Kind::ValueCount => "value_count",
        Kind::Temporal => "temporal",
        Kind::Ordered => "temporal_ordered",
        Kind::Sum => "value_sum",
        Kind::Average => "value_avg",
        Kind::Percentile(percent) => {
            condition.push(format!("percentile: {percent}"));
            "value_percentile"
        }
    };
    if !matches!(asked.kind, Kind::EventCount | Kind::Temporal | Kind::Ordered) {
        condition.push("field: Value".to_owned());
    }
    format!(
        "title: {id}\nid: {id}\ncorrelation: {{type: {kind}, rules: [{rules}], group-by: [Host], \
         timespan: {}s, condition: {{{}}}}}\n",
        asked.span_us / SECOND_US,
        condition.join(", ")
    )
}

/// What was told: (place of the event) at once, and (host, time) of what was judged late.
type ToldAll = (Vec<usize>, Vec<(u8, i64)>);

/// Runs the engine; after each of the `crashes` it goes on from its saved state.
fn fast(yaml: &str, happenings: &[Happening], crashes: &[usize]) -> (ToldAll, Engine) {
    let mut engine = engine(yaml);
    let (mut at_once, mut late) = (Vec::new(), Vec::new());
    let mut settle = |settled: Vec<khien_detect::Settled>| {
        late.extend(settled.iter().map(|hit| (happenings[hit.place as usize].host, hit.at)));
    };
    for (place, happening) in happenings.iter().enumerate() {
        engine.name(place as u64);
        at_once.extend(engine.batch(&happening.batch()).iter().map(|_| place));
        settle(engine.settled());
        if crashes.contains(&place) {
            let (rules, _) = khien_detect::Rules::from_texts([("test.yml", yaml)]);
            let state = engine.state();
            engine = Engine::with_state(rules, &state).unwrap();
            assert_eq!(engine.state(), state);
        }
    }
    settle(engine.finish());
    late.sort_unstable();
    ((at_once, late), engine)
}

fn slow(asked: &Asked, happenings: &[Happening]) -> (ToldAll, BTreeMap<u8, History>, u64) {
    let mut groups: BTreeMap<u8, History> = BTreeMap::new();
    let (mut at_once, mut late, mut too_late) = (Vec::new(), Vec::new(), 0);
    for (place, happening) in happenings.iter().enumerate() {
        match asked.see(groups.entry(happening.host).or_default(), happening.sight()) {
            Told::Fires => at_once.push(place),
            Told::Late => too_late += 1,
            Told::Nothing | Told::Holds => {}
        }
    }
    if asked.is_judged_late() {
        for (host, history) in &groups {
            late.extend(asked.frames(history).into_iter().map(|at| (*host, at)));
        }
    }
    late.sort_unstable();
    ((at_once, late), groups, too_late)
}

fn asked() -> impl Strategy<Value = Asked> {
    let kind = prop_oneof![
        Just(Kind::EventCount),
        Just(Kind::ValueCount),
        Just(Kind::Temporal),
        Just(Kind::Ordered),
        Just(Kind::Sum),
        Just(Kind::Average),
        prop::sample::select(vec![1.0, 50.0, 99.9, 100.0]).prop_map(Kind::Percentile),
    ];
    let bounds = prop_oneof![
        4 => prop::sample::select(vec!["gt", "gte", "lt", "lte", "eq", "neq"])
            .prop_flat_map(|bound| (2_i64..4).prop_map(move |threshold| vec![(bound, threshold)])),
        1 => Just(vec![("gt", 1), ("lte", 3)]),
    ];
    let span = prop::sample::select(vec![30_i64, 60, 600]);
    (kind, bounds, span).prop_map(|(kind, bounds, span)| {
        // Three rules cannot be more than three.
        let temporal = matches!(kind, Kind::Temporal | Kind::Ordered);
        let possible = |(bound, threshold): &(&'static str, i64)| {
            if temporal && *bound == "gt" {
                (*bound, (*threshold).min(2))
            } else {
                (*bound, *threshold)
            }
        };
        let bounds = bounds.iter().map(possible).collect();
        Asked { kind, bounds, span_us: span * SECOND_US, lateness_us: LATENESS_US }
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    let kind = prop::sample::select(vec!["a", "b", "c", "ab", "abc"]);
    let value = prop::option::weighted(0.9, 0_i64..6);
    // Often close together, sometimes far apart.
    let second = prop_oneof![0_i64..120, 0_i64..3_000];
    (second, kind, 0_u8..3, value).prop_map(|(second, kind, host, value)| Happening {
        second,
        kind,
        host,
        value,
    })
}

/// Events that are delayed by up to the allowed lateness.
fn delayed() -> impl Strategy<Value = Vec<Happening>> {
    let lateness_s = LATENESS_US / SECOND_US;
    let delay = prop_oneof![Just(0), 0..=lateness_s];
    prop::collection::vec((happening(), delay), 0..40).prop_map(|mut all| {
        all.sort_by_key(|(happening, delay)| happening.second + delay);
        all.into_iter().map(|(happening, _)| happening).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_engine_tells_what_trying_everything_tells(
        asked in asked(),
        happenings in delayed(),
        crashes in prop::collection::vec(0_usize..40, 0..3),
    ) {
        let yaml = format!("{}---\n{}", base_rules(), document(&asked, "x", "a, b, c"));
        let (expected, groups, too_late) = slow(&asked, &happenings);
        let (told, engine) = fast(&yaml, &happenings, &[]);
        prop_assert_eq!(&told, &expected);
        prop_assert_eq!(too_late, 0);
        prop_assert_eq!(engine.counters().late, 0);
        // Whether a group fires at all does not depend on the order.
        if !asked.is_judged_late() && asked.kind != Kind::Sum {
            for (host, history) in &groups {
                let fired = told.0.iter().any(|place| happenings[*place].host == *host);
                prop_assert_eq!(fired, asked.ever_holds(history));
            }
        }
        // A crash in between changes nothing.
        prop_assert_eq!(fast(&yaml, &happenings, &crashes).0, expected);
    }

    #[test]
    fn the_order_of_arrival_hides_and_invents_nothing(asked in asked(), late in delayed()) {
        let yaml = format!("{}---\n{}", base_rules(), document(&asked, "x", "a, b, c"));
        let mut in_order = late.clone();
        in_order.sort_by_key(|happening| happening.second);
        let (told_late, _) = fast(&yaml, &late, &[]);
        let (told_in_order, _) = fast(&yaml, &in_order, &[]);
        prop_assert_eq!(told_late.1, told_in_order.1);
        let hits = |(places, happenings): (Vec<usize>, &[Happening])| -> Vec<(u8, i64)> {
            places.iter().map(|at| (happenings[*at].host, happenings[*at].second)).collect()
        };
        let (a, b) = (hits((told_late.0, &late)), hits((told_in_order.0, &in_order)));
        // Which event completes a count depends on the order. Two time spans apart it is another
        // count: one for the window, one for the silence behind a hit.
        let apart = 2 * asked.span_us / SECOND_US;
        let near = |(host, at): &(u8, i64), others: &[(u8, i64)]| {
            others.iter().any(|(other, time)| other == host && (at - time).abs() <= apart)
        };
        prop_assert!(a.iter().all(|hit| near(hit, &b)), "{:?} late, {:?} in order", a, b);
        prop_assert!(b.iter().all(|hit| near(hit, &a)), "{:?} late, {:?} in order", a, b);
    }

    #[test]
    fn what_comes_too_late_is_counted_and_left_out(
        asked in asked(),
        seconds in prop::collection::vec((0_i64..900, happening()), 1..40),
    ) {
        // One group that is never silent for long: it is not forgotten in between.
        let happenings: Vec<Happening> = seconds
            .into_iter()
            .enumerate()
            .map(|(number, (back, happening))| {
                let second = 2_000 + 10 * number as i64 - if number % 3 == 2 { back } else { 0 };
                Happening { second, host: 0, value: happening.value.or(Some(1)), ..happening }
            })
            .collect();
        let yaml = format!("{}---\n{}", base_rules(), document(&asked, "x", "a, b, c"));
        let (expected, _, too_late) = slow(&asked, &happenings);
        let (told, engine) = fast(&yaml, &happenings, &[]);
        prop_assert_eq!(told, expected);
        prop_assert_eq!(engine.counters().late, too_late);
    }

    #[test]
    fn chains_are_those_of_trying_everything(
        happenings in delayed(),
        crashes in prop::collection::vec(0_usize..40, 0..3),
        ordered in any::<bool>(),
        spans in (prop::sample::select(vec![30_i64, 600]), prop::sample::select(vec![60_i64, 600])),
    ) {
        let lateness_us = LATENESS_US;
        let inner = Asked {
            kind: Kind::EventCount,
            bounds: vec![("gte", 2)],
            span_us: spans.0 * SECOND_US,
            lateness_us,
        };
        let kind = if ordered { Kind::Ordered } else { Kind::EventCount };
        let outer = Asked { kind, bounds: vec![("gte", 2)], span_us: spans.1 * SECOND_US, lateness_us };
        let yaml = format!(
            "{}---\n{}---\n{}",
            base_rules(),
            document(&outer, "outer", "inner, c"),
            document(&inner, "inner", "a, b"),
        );
        let mut groups: BTreeMap<u8, (History, History)> = BTreeMap::new();
        let mut expected = Vec::new();
        for (place, happening) in happenings.iter().enumerate() {
            let (below, above) = groups.entry(happening.host).or_default();
            let sight = happening.sight();
            let fits = |rules: &[usize]| sight.rules.iter().any(|rule| rules.contains(rule));
            let told = if fits(&[0, 1]) { inner.see(below, sight.clone()) } else { Told::Nothing };
            let mut rules = Vec::new();
            if told == Told::Fires || (told == Told::Holds && ordered) {
                rules.push(0);
            }
            if fits(&[2]) {
                rules.push(1);
            }
            let parts: Vec<Vec<usize>> = if kind == Kind::EventCount {
                // A correlation and a rule are two things that happened.
                rules.into_iter().map(|rule| vec![rule]).collect()
            } else if rules.is_empty() {
                Vec::new()
            } else {
                vec![rules]
            };
            let fires = parts.into_iter().filter(|rules| {
                let sight = Sight { rules: rules.clone(), ..sight.clone() };
                outer.see(above, sight) == Told::Fires
            });
            expected.extend(std::iter::repeat_n(place, fires.count()));
        }
        let (told, _) = fast(&yaml, &happenings, &crashes);
        prop_assert_eq!(told.0, expected);
    }
}

/// What a window of so many seconds holds at most, by counting anew for each.
fn most(kind: Kind, happenings: &[Happening], span_s: i64) -> f64 {
    let mut seen: Vec<&Happening> = happenings.iter().collect();
    seen.sort_by_key(|happening| happening.second);
    let (mut first, mut most) = (0, 0.0_f64);
    let (mut sum, mut values) = (0, BTreeMap::<i64, usize>::new());
    for (place, happening) in seen.iter().enumerate() {
        let value = happening.value.unwrap_or_default();
        sum += value;
        *values.entry(value).or_default() += 1;
        while seen[first].second < happening.second - span_s {
            let gone = seen[first].value.unwrap_or_default();
            sum -= gone;
            let left = values.get_mut(&gone).unwrap();
            *left -= 1;
            if *left == 0 {
                values.remove(&gone);
            }
            first += 1;
        }
        let holds = match kind {
            Kind::ValueCount => values.len() as f64,
            Kind::Sum => sum as f64,
            _ => (place + 1 - first) as f64,
        };
        most = most.max(holds);
    }
    most
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A group with more sightings than are kept one by one. Folded ones count where their bucket
    /// lies wholly in the window, so that the count may fall short by what two buckets hold; how
    /// many values differ is estimated, three percent off on average.
    #[test]
    fn a_flood_in_any_order_is_told_in_time_and_not_before(
        kind in prop::sample::select(vec![Kind::EventCount, Kind::ValueCount, Kind::Sum]),
        // Dense: many of the late ones belong among those that are folded already.
        dense in any::<bool>(),
        steps in prop::collection::vec((0_i64..=2, 0_i64..=300, 0_i64..5_000), 700..1_600),
        crashes in prop::collection::vec(0_usize..1_600, 0..2),
        share in prop_oneof![0.6_f64..1.05, 0.97_f64..1.03],
    ) {
        let span_s = if dense { 60 } else { 600 };
        let mut second = 0;
        let mut happenings: Vec<(i64, Happening)> = Vec::new();
        for (step, delay, value) in steps {
            second += if dense && value % 6 != 0 { 0 } else { step };
            let value = Some(value);
            happenings.push((second + delay, Happening { second, kind: "a", host: 0, value }));
        }
        happenings.sort_by_key(|(arrives, _)| *arrives);
        let happenings: Vec<Happening> = happenings.into_iter().map(|(_, one)| one).collect();
        // What the fullest window holds, or a little more or less than that.
        let threshold = ((most(kind, &happenings, span_s) * share) as i64).max(1);
        let asked = Asked {
            kind,
            bounds: vec![("gte", threshold)],
            span_us: span_s * SECOND_US,
            lateness_us: LATENESS_US,
        };
        let yaml = format!("{}---\n{}", base_rules(), document(&asked, "x", "a"));
        let (told, engine) = fast(&yaml, &happenings, &crashes);
        prop_assert_eq!((engine.counters().late, engine.counters().cut), (0, 0));
        let off = if kind == Kind::ValueCount { 0.12 } else { 0.0 };
        let fired = told.0.first().copied();
        if let Some(place) = fired {
            let held = most(kind, &happenings[..=place], span_s);
            prop_assert!(held >= threshold as f64 * (1.0 - off), "{} of {}", held, threshold);
        }
        let before = &happenings[..fired.unwrap_or(happenings.len())];
        let held = most(kind, before, span_s * 30 / 32);
        prop_assert!(held < threshold as f64 * (1.0 + off), "{} of {}, silent", held, threshold);
    }
}

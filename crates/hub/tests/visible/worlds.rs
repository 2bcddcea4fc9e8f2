//! Random worlds: a tree with dissolved units and heirs, people with grants of every sort, matters
//! open and strict, tasks, signals inside and outside of them.

use khien_domain::access::{Depth, Grant, Person, Role};
use khien_domain::id::{PersonId, UnitId};
use khien_domain::matter::{Party, PartyRole};
use khien_domain::unit::{Unit, UnitKind};
use khien_domain::visible::MatterView;
use uuid::Uuid;

/// How many of each a world holds.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) units: usize,
    pub(crate) people: usize,
    pub(crate) matters: usize,
    pub(crate) tasks: usize,
    pub(crate) signals: usize,
}

/// A grant with where it stands: only `active` ones count.
pub(crate) struct HeldGrant {
    pub(crate) grant: Grant,
    pub(crate) state: &'static str,
}

/// A task: its matter by place.
pub(crate) struct Task {
    pub(crate) id: Uuid,
    pub(crate) unit: UnitId,
    pub(crate) matter: usize,
    pub(crate) named: Vec<UnitId>,
}

/// A signal: its matter by place, when it has one.
pub(crate) struct Signal {
    pub(crate) id: Uuid,
    pub(crate) unit: UnitId,
    pub(crate) matter: Option<usize>,
}

/// Everything that the rule decides about.
pub(crate) struct RandomWorld {
    pub(crate) units: Vec<Unit>,
    pub(crate) people: Vec<Person>,
    pub(crate) grants: Vec<HeldGrant>,
    pub(crate) matters: Vec<(Uuid, MatterView)>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) signals: Vec<Signal>,
}

/// SplitMix64: the same seed rolls the same world on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn id(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.roll(), self.roll())
    }
}

/// Rolls a world that stands at `now`.
pub(crate) fn roll(seed: u64, size: Size, now: i64) -> RandomWorld {
    let dice = &mut Dice(seed);
    let units = roll_units(dice, size.units, now);
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
    let people = roll_people(dice, size.people, &ids);
    let grants = people.iter().flat_map(|person| roll_grants(dice, person.id, &ids)).collect();
    let persons: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let matters: Vec<_> =
        (0..size.matters).map(|_| (dice.id(), roll_matter(dice, &ids, &persons))).collect();
    let tasks = (0..size.tasks).map(|_| roll_task(dice, &ids, &matters)).collect();
    let signals = (0..size.signals).map(|_| Signal {
        id: dice.id(),
        unit: dice.pick(&ids),
        matter: (!dice.one_in(3)).then(|| dice.below(size.matters)),
    });
    let signals = signals.collect();
    let mut world = RandomWorld { units, people, grants, matters, tasks, signals };
    world.hand_out_grants();
    world
}

impl RandomWorld {
    /// Gives the pure rule what the hub must find in the tables: the active grants.
    fn hand_out_grants(&mut self) {
        for person in &mut self.people {
            let held = self.grants.iter().filter(|held| held.state == "active");
            let own = held.filter(|held| held.grant.person == person.id);
            person.grants = own.map(|held| held.grant.clone()).collect();
        }
    }
}

/// Parents and heirs are earlier units, so that no circle can arise.
fn roll_units(dice: &mut Dice, count: usize, now: i64) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for place in 0..count {
        let earlier =
            |dice: &mut Dice, units: &[Unit]| Some(units.get(dice.below(place.max(1)))?.id);
        let parent = if dice.one_in(8) { None } else { earlier(dice, &units) };
        let dissolved = dice.one_in(5);
        let successor = if dissolved && !dice.one_in(4) { earlier(dice, &units) } else { None };
        units.push(Unit {
            id: UnitId::new(dice.id()),
            code: format!("DV{place:03}"),
            name: format!("Đơn vị {place}"),
            kind: dice.pick(UnitKind::ALL),
            parent,
            valid_from: if dice.one_in(20) { now + 1 } else { 0 },
            valid_to: dissolved.then(|| dice.pick(&[now - 5, now, now + 5])),
            successor,
        });
    }
    // A unit that has not begun cannot have ended.
    for unit in units.iter_mut().filter(|unit| unit.valid_from > now) {
        unit.valid_to = None;
        unit.successor = None;
    }
    units
}

fn roll_people(dice: &mut Dice, count: usize, units: &[UnitId]) -> Vec<Person> {
    let person = |place| Person {
        id: PersonId::new(dice.id()),
        login: format!("can.bo.{place}"),
        name: format!("Cán bộ {place}"),
        unit: dice.pick(units),
        grants: Vec::new(),
    };
    (0..count).map(person).collect()
}

/// A ceiling no deeper than the role allows, as every deed that grants makes sure; for the roles
/// that read nothing any, because there the rule itself must hold.
fn roll_grants(dice: &mut Dice, person: PersonId, units: &[UnitId]) -> Vec<HeldGrant> {
    let count = 1 + dice.below(5);
    let grant = |_| {
        let role = dice.pick(Role::ALL);
        let rolled = dice.pick(Depth::ALL);
        let ceiling = if role.reads_matters() { rolled.min(role.depth_max()) } else { rolled };
        let subtree = !dice.one_in(3);
        let grant = Grant { person, role, unit: dice.pick(units), subtree, ceiling };
        let state = dice.pick(&["active", "active", "active", "active", "proposed", "ended"]);
        HeldGrant { grant, state }
    };
    (0..count).map(grant).collect()
}

fn roll_matter(dice: &mut Dice, units: &[UnitId], persons: &[PersonId]) -> MatterView {
    let lead = Party { unit: dice.pick(units), role: PartyRole::Lead, depth: Depth::Evidence };
    let mut parties = vec![lead];
    for _ in 0..dice.below(5) {
        let unit = dice.pick(units);
        if parties.iter().all(|party| party.unit != unit) {
            let role = dice.pick(&PartyRole::ALL[1..]);
            parties.push(Party { unit, role, depth: dice.pick(Depth::ALL) });
        }
    }
    let mut named: Vec<PersonId> = (0..dice.below(6)).map(|_| dice.pick(persons)).collect();
    named.sort();
    named.dedup();
    MatterView { parties, strict: dice.one_in(3), named }
}

fn roll_task(dice: &mut Dice, units: &[UnitId], matters: &[(Uuid, MatterView)]) -> Task {
    let matter = dice.below(matters.len());
    let parties = &matters[matter].1.parties;
    let mut named: Vec<UnitId> = Vec::new();
    for _ in 0..dice.below(4) {
        // Mostly parties of the matter, sometimes a unit that is none.
        named.push(if dice.one_in(4) { dice.pick(units) } else { dice.pick(parties).unit });
    }
    named.sort();
    named.dedup();
    Task { id: dice.id(), unit: dice.pick(units), matter, named }
}

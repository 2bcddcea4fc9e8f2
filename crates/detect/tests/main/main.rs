//! The engine against the world: Sigma's words one by one, SigmaHQ's rules and cases.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod correlating;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod filtering;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod ioc;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod made;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod modifiers;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod random;
#[cfg(test)]
mod random_rules;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod slow;
mod sources;

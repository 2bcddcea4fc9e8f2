//! How often a log-in may be tried. The key is account *and* address: a commune sits behind one
//! address, so that one officer's typing must not lock out the others; and a wider bound per
//! address alone stops one machine from trying every account.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::fault::Fault;

/// Tries per account and address before the wait begins, then one each [`ACCOUNT_PAUSE`].
const ACCOUNT_TRIES: NonZeroU32 = NonZeroU32::new(8).expect("not zero");
const ACCOUNT_PAUSE: Duration = Duration::from_secs(30);
/// Tries per address for all accounts together, then one each [`ADDRESS_PAUSE`].
const ADDRESS_TRIES: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
const ADDRESS_PAUSE: Duration = Duration::from_secs(2);
/// Above this many keys the idle ones are dropped.
const KEYS_MAX: usize = 10_000;

/// Counts log-in attempts.
pub struct Throttle {
    account: DefaultKeyedRateLimiter<(String, String)>,
    address: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Throttle {
    /// Returns a throttle that has counted nothing.
    pub fn new() -> Self {
        let quota = |tries, pause| Quota::with_period(pause).map(|q| q.allow_burst(tries));
        let account = quota(ACCOUNT_TRIES, ACCOUNT_PAUSE).expect("the pause is not zero");
        let address = quota(ADDRESS_TRIES, ADDRESS_PAUSE).expect("the pause is not zero");
        Self {
            account: RateLimiter::keyed(account),
            address: RateLimiter::keyed(address),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    /// [`Fault::TooMany`] with the seconds to wait.
    pub fn count(&self, login: &str, address: &str) -> Result<(), Fault> {
        if self.account.len() + self.address.len() > KEYS_MAX {
            self.account.retain_recent();
            self.address.retain_recent();
        }
        let now = self.clock.now();
        let by_address = self.address.check_key(&address.to_owned());
        let by_account = self.account.check_key(&(login.to_lowercase(), address.to_owned()));
        match by_address.and(by_account) {
            Ok(()) => Ok(()),
            Err(wait) => Err(Fault::TooMany(wait.wait_time_from(now).as_secs() + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_without_locking_out_the_neighbour() {
        let throttle = Throttle::new();
        let mut tries = 0;
        while throttle.count("can.bo", "10.0.0.1").is_ok() {
            tries += 1;
        }
        assert_eq!(tries, ACCOUNT_TRIES.get());
        assert!(matches!(throttle.count("Can.Bo", "10.0.0.1"), Err(Fault::TooMany(1..=31))));
        assert!(throttle.count("dong.nghiep", "10.0.0.1").is_ok());
        assert!(throttle.count("can.bo", "10.0.0.2").is_ok());
    }
}

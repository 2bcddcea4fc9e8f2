//! Password hashing: argon2id, with a bounded number of runs at a time, because each takes 19 MiB.

use std::sync::Arc;

use anyhow::anyhow;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::config::HashCost;

/// How many passwords are hashed at the same time; more wait their turn.
const PARALLEL_MAX: usize = 2;

/// Hashes and checks passwords off the async threads.
#[derive(Clone)]
pub struct Hasher {
    engine: Argon2<'static>,
    turn: Arc<Semaphore>,
    /// A hash that fits no password: checked when the log-in is unknown, so that the answer takes
    /// as long as for one that exists.
    decoy: Arc<str>,
}

impl Hasher {
    /// Returns a hasher of the given cost.
    ///
    /// # Errors
    /// When the decoy cannot be made: the machine gives no random bytes.
    pub fn new(cost: HashCost) -> anyhow::Result<Self> {
        let params = match cost {
            HashCost::Standard => Params::default(),
            HashCost::Least => {
                Params::new(Params::MIN_M_COST, 1, 1, None).map_err(|e| anyhow!("argon2: {e}"))?
            }
        };
        let engine = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash_now(&engine, "no account has this password")?;
        Ok(Self { engine, turn: Arc::new(Semaphore::new(PARALLEL_MAX)), decoy: decoy.into() })
    }

    /// Returns the PHC string of a password.
    ///
    /// # Errors
    /// When the machine gives no random bytes for the salt.
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let engine = self.engine.clone();
        self.run(move || hash_now(&engine, &password)).await?
    }

    /// Returns whether `password` fits `hash`; with no hash at all the answer is no, as late.
    ///
    /// # Errors
    /// When the stored hash is broken.
    pub async fn fits(&self, password: String, hash: Option<String>) -> anyhow::Result<bool> {
        let engine = self.engine.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        let fits = self.run(move || {
            let parsed = PasswordHash::new(&hash).map_err(|e| anyhow!("stored hash: {e}"))?;
            Ok::<_, anyhow::Error>(engine.verify_password(password.as_bytes(), &parsed).is_ok())
        });
        Ok(fits.await?? && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        // The turn goes with the work: whoever hangs up does not stop what runs.
        let turn = Arc::clone(&self.turn).acquire_owned().await?;
        let run = move || {
            let _turn = turn;
            work()
        };
        Ok(tokio::task::spawn_blocking(run).await?)
    }
}

fn hash_now(engine: &Argon2<'static>, password: &str) -> anyhow::Result<String> {
    let mut salt = [0u8; 16];
    getrandom::fill(&mut salt).map_err(|e| anyhow!("random bytes: {e}"))?;
    let hash = engine
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|e| anyhow!("argon2: {e}"))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_hangs_up_does_not_free_the_turn_of_what_still_runs() {
        let hasher = Hasher::new(HashCost::Least).unwrap();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        tokio::select! {
            biased;
            _ = hasher.run(move || ended.recv()) => panic!("it waits for its end"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(hasher.turn.available_permits(), PARALLEL_MAX - 1);
        end.send(()).unwrap();
        hasher.turn.acquire_many(PARALLEL_MAX as u32).await.unwrap().forget();
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hasher = Hasher::new(HashCost::Least).unwrap();
        let hash = hasher.hash("mật khẩu dài 2026".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(hasher.fits("mật khẩu dài 2026".into(), Some(hash.clone())).await.unwrap());
        assert!(!hasher.fits("mật khẩu dài 2027".into(), Some(hash)).await.unwrap());
        assert!(!hasher.fits("no account has this password".into(), None).await.unwrap());
    }
}

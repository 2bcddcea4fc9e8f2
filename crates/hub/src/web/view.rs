//! Who reads a page and how: set once per request by the session middleware, taken by handlers.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use khien_domain::access::{Action, Person};

use super::i18n::Lang;
use crate::fault::Fault;

/// Everything that the frame of a page depends on.
#[derive(Clone, Default)]
pub struct View {
    /// The reader's language.
    pub lang: Lang,
    /// The reader, when signed in.
    pub caller: Option<Arc<Caller>>,
    /// The path asked for, to mark the place in the navigation.
    pub path: String,
    /// Unread messages of the reader.
    pub unread: i64,
    /// The name shown at the top.
    pub province: String,
    /// Where the request came from, as far as trusted proxies tell.
    pub address: String,
    /// The program that asks.
    pub agent: String,
    /// When it was asked, µs UTC: every clock on a page runs from here.
    pub now: i64,
}

impl View {
    /// Returns the text of `key` in the reader's language.
    pub fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }

    /// Returns whether the reader holds a role that may do `action` for some unit.
    pub fn may(&self, action: Action) -> bool {
        self.caller.as_ref().is_some_and(|c| c.holds(action))
    }
}

/// A signed-in person and the session that proves it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account with its active grants.
    pub person: Person,
    /// The hash under which the session is stored.
    pub session: Vec<u8>,
}

impl Caller {
    /// Returns the journal's name of this actor.
    pub fn actor(&self) -> String {
        format!("person:{}", self.person.id)
    }

    /// Returns whether some active grant allows `action` for some unit.
    pub fn holds(&self, action: Action) -> bool {
        self.person.may_somewhere(action)
    }
}

impl<S: Sync> FromRequestParts<S> for View {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// A handler that takes a `Member` answers signed-in persons only.
#[derive(Clone)]
pub struct Member(pub Arc<Caller>);

impl Deref for Member {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Member {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let view = parts.extensions.get::<View>();
        view.and_then(|v| v.caller.clone()).map(Self).ok_or(Fault::SignIn)
    }
}

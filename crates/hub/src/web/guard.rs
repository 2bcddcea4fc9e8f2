//! Who may knock at a route at all: the coarse gate before a handler's own, finer question.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use khien_domain::access::Action;
use khien_domain::refusal::{Code, Refusal};

use super::view::View;
use crate::fault::Fault;

/// Whom a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody, signed in or not.
    Stranger,
    /// Any signed-in person; what is shown depends on visibility.
    Member,
    /// Persons who hold a role that may do this for some unit.
    May(Action),
    /// A machine with the token of a source.
    Source,
}

/// Middleware of one route: turns away whom the route does not answer.
pub async fn admit(State(audience): State<Audience>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<View>().and_then(|v| v.caller.clone());
    match (audience, caller) {
        // A source's token is checked by the door itself, which also needs to know the source.
        (Audience::Stranger | Audience::Source, _) | (Audience::Member, Some(_)) => {
            next.run(request).await
        }
        (Audience::May(action), Some(caller)) if caller.holds(action) => next.run(request).await,
        (Audience::May(action), Some(_)) => {
            Fault::Forbidden(Refusal::new(Code::RoleMayNot).arg("action", action.code()))
                .into_response()
        }
        (Audience::Member | Audience::May(_), None) => Fault::SignIn.into_response(),
    }
}

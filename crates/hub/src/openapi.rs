//! The OpenAPI document, generated from the rows of the router: it cannot promise a route that
//! does not exist, nor forget one.

use axum::Json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    Components, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref, RefOr, Required,
    ResponseBuilder, ResponsesBuilder,
};

use crate::fault::Problem;
use crate::router::{Doc, Route, Schema, routes};

/// `GET /api/v1/openapi.json`.
pub async fn serve() -> Json<OpenApi> {
    Json(document())
}

/// Returns the document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = Components::new();
    components.schemas.extend([named::<Problem>()]);
    for row in routes() {
        let Some(doc) = row.doc else { continue };
        for schema in [doc.answer, doc.body].into_iter().flatten() {
            components.schemas.extend([schema()]);
        }
        let method = if row.method == "POST" { HttpMethod::Post } else { HttpMethod::Get };
        paths = paths.path(row.path, PathItem::new(method, operation(&row, &doc)));
    }
    let info = InfoBuilder::new().title("Khiên").version(env!("CARGO_PKG_VERSION")).build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

/// Returns the schema of `T` under its own name.
pub fn named<T: utoipa::ToSchema>() -> (String, RefOr<utoipa::openapi::Schema>) {
    (T::name().into_owned(), T::schema())
}

fn operation(row: &Route, doc: &Doc) -> OperationBuilder {
    let mut operation = OperationBuilder::new().summary(Some(doc.summary));
    for name in parameters(row.path) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .build();
        operation = operation.parameter(parameter);
    }
    if let Some(body) = doc.body {
        let content = ContentBuilder::new().schema(Some(reference(body))).build();
        let body = RequestBodyBuilder::new().content("application/json", content).build();
        operation = operation.request_body(Some(body));
    }
    let mut answer = ResponseBuilder::new().description(doc.summary);
    if let Some(schema) = doc.answer {
        let content = ContentBuilder::new().schema(Some(reference(schema))).build();
        answer = answer.content("application/json", content);
    }
    let problem = ContentBuilder::new().schema(Some(reference(named::<Problem>))).build();
    let refusal = ResponseBuilder::new()
        .description("RFC 9457 problem")
        .content("application/problem+json", problem);
    let responses = ResponsesBuilder::new()
        .response("200", answer.build())
        .response("default", refusal.build())
        .build();
    operation.responses(responses)
}

fn reference(schema: Schema) -> RefOr<utoipa::openapi::Schema> {
    RefOr::Ref(Ref::from_schema_name(schema().0))
}

fn parameters(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*').to_owned())
}

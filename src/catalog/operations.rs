//! Operations of methods: from the bindings that serve requests, else from the method's own path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::field::FieldDescriptor;
use super::findings::Findings;
use super::message::Message;
use super::operation::{Body, Operation, PathParameter, Response};
use super::paths::{Layout, Names};
use super::query::Queries;
use super::resources::Resources;
use super::{Finding, FindingKind};
use crate::protocol::options::Chosen;
use crate::schema::template::Template;
use crate::schema::{self, Binding, HTTP_BODY, Method, Route, Schema, Shape};
use crate::transcode::{FieldPath, Step};

/// What operations are made from.
pub(super) struct Maker<'c> {
    pub(super) schema: &'c Schema,
    pub(super) chosen: &'c Chosen,
    pub(super) messages: &'c BTreeMap<String, Message>,
    pub(super) resources: &'c Resources,
}

/// An operation whose path has no names yet.
struct Draft<'c> {
    method: &'c Arc<Method>,
    binding: Option<&'c Binding>,
    layout: Layout,
}

impl<'c> Maker<'c> {
    /// The operations of these methods, each method's in its order.
    pub(super) fn of(
        &self,
        methods: &'c [Arc<Method>],
        findings: &mut Findings,
    ) -> Vec<Vec<Operation>> {
        let mut bindings: HashMap<usize, Vec<&Binding>> = HashMap::new();
        for binding in self.schema.bindings() {
            bindings.entry(binding.method.id).or_default().push(binding);
        }
        let drafts: Vec<Vec<Draft<'_>>> = methods
            .iter()
            .map(|method| match bindings.remove(&method.id) {
                Some(bindings) => bindings
                    .into_iter()
                    .filter_map(|binding| self.draft(method, Some(binding)))
                    .collect(),
                None if self.is_served_on_own_path(method) => {
                    self.draft(method, None).into_iter().collect()
                }
                None => Vec::new(),
            })
            .collect();
        let mut names = Names::default();
        let mut first: HashMap<(String, &str), String> = HashMap::new();
        for draft in drafts.iter().flatten() {
            names.offer(&draft.layout);
            let verb = draft.binding.map_or("POST", |binding| &binding.verb);
            let own = format!("{}.{}", draft.method.service, draft.method.name);
            let erased = draft.layout.erased();
            if let Some(other) = first.get(&(erased.clone(), verb)) {
                findings.add(Finding {
                    kind: FindingKind::Naming,
                    element: own,
                    text: format!(
                        "{verb} {} is {other} as well once variables have no names; documents have \
                         room for one",
                        draft.layout.path()
                    ),
                });
            } else {
                first.insert((erased, verb), own);
            }
        }
        let queries = Queries {
            schema: self.schema,
            messages: self.messages,
        };
        drafts
            .into_iter()
            .map(|drafts| {
                let numbered = drafts.into_iter().enumerate();
                numbered
                    .map(|(position, mut draft)| {
                        names.give(&mut draft.layout);
                        self.finish(draft, position, &queries, findings)
                    })
                    .collect()
            })
            .collect()
    }

    /// A unary call with JSON, to where no binding stands in the way.
    fn is_served_on_own_path(&self, method: &Method) -> bool {
        method.shape == Shape::Unary
            && self.schema.unannotated_method(&method.path).is_some()
            && !matches!(self.schema.route("POST", &method.path), Route::Found { .. })
    }

    /// None only for a template that does not parse, which no binding has.
    fn draft(&self, method: &'c Arc<Method>, binding: Option<&'c Binding>) -> Option<Draft<'c>> {
        let template = binding.map_or(&method.path, |binding| &binding.template);
        let template = Template::parse(template).ok()?;
        let variables = binding.map_or(&[][..], |binding| &binding.variables);
        let kinds: Vec<_> = variables
            .iter()
            .map(|variable| self.resource_of(&variable.field))
            .collect();
        Some(Draft {
            method,
            binding,
            layout: Layout::new(template, &kinds, self.resources),
        })
    }

    /// The type of resource that a field holds the name of, if it says so.
    fn resource_of(&self, field: &FieldPath) -> Option<String> {
        let field = self.describe(field.steps()).pop()?;
        let message = self.messages.get(field.containing_message().full_name())?;
        let field = message.field(field.number())?;
        if field.names_resource {
            return Some(message.resource.as_ref()?.kind.clone());
        }
        field.reference.clone()
    }

    /// The descriptors of the fields that a way goes through.
    fn describe(&self, steps: &[Step]) -> Vec<FieldDescriptor> {
        let plans = self.schema.plans();
        let pool = self.schema.pool();
        steps
            .iter()
            .filter_map(|step| {
                let message = pool.get_message_by_name(plans.name(step.plan))?;
                let number = plans.field_at(*step)?.number;
                let own = message.get_field(number).map(FieldDescriptor::from);
                own.or_else(|| message.get_extension(number).map(FieldDescriptor::from))
            })
            .collect()
    }

    fn finish(
        &self,
        draft: Draft<'_>,
        position: usize,
        queries: &Queries<'_>,
        findings: &mut Findings,
    ) -> Operation {
        let Draft {
            method,
            binding,
            layout,
        } = draft;
        let path = layout.path();
        let Some(binding) = binding else {
            return Operation {
                id: String::new(),
                binding: None,
                position,
                verb: "POST".to_owned(),
                template: method.path.clone(),
                path,
                path_parameters: Vec::new(),
                query: Vec::new(),
                takes_more: false,
                body: Body::Message {
                    without: Vec::new(),
                },
                response: Response::Message,
                options: Arc::clone(self.chosen.of_method(method)),
            };
        };
        let path_parameters = layout
            .holes
            .iter()
            .map(|hole| {
                let variable = hole.variable.and_then(|index| binding.variables.get(index));
                PathParameter {
                    name: hole.name.clone(),
                    field: variable
                        .map(|variable| self.describe(variable.field.steps()))
                        .unwrap_or_default(),
                    template: hole.variable.and_then(|index| layout.variable(index)),
                    multi: hole.multi,
                }
            })
            .collect();
        let (query, takes_more) = queries.of(binding, findings);
        Operation {
            id: String::new(),
            binding: Some(binding.id),
            position,
            verb: binding.verb.clone(),
            template: binding.template.clone(),
            path,
            path_parameters,
            query,
            takes_more,
            body: self.body(binding),
            response: self.response(binding),
            options: Arc::clone(self.chosen.of_binding(binding)),
        }
    }

    fn body(&self, binding: &Binding) -> Body {
        let bound = binding.variables.iter().map(|variable| &variable.field);
        match &binding.body {
            schema::Body::None => Body::None,
            schema::Body::Whole => Body::Message {
                without: bound.map(|field| field.name().to_owned()).collect(),
            },
            schema::Body::Field(body) => Body::Field {
                field: self.describe(body.steps()),
                without: bound
                    .filter(|field| field.is_at_or_under(body))
                    .filter_map(|field| field.name().strip_prefix(body.name()))
                    .filter_map(|beneath| beneath.strip_prefix('.'))
                    .map(str::to_owned)
                    .collect(),
            },
        }
    }

    fn response(&self, binding: &Binding) -> Response {
        let plans = self.schema.plans();
        match &binding.response_body {
            None if binding.method.http_body_output => Response::HttpBody,
            None => Response::Message,
            Some(field) => {
                let message = field.message().map(|plan| plans.name(plan));
                let is_one = !field.is_repeated() && !field.is_map();
                if is_one && message == Some(HTTP_BODY) {
                    Response::HttpBody
                } else {
                    Response::Field(self.describe(field.steps()))
                }
            }
        }
    }
}

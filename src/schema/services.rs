//! Services of the linked files to methods, bindings and routes.
//!
//! What cannot be served is a refusal that names it: a template that leaves the grammar, a field
//! that is not there, a binding that matches what another already matches, a service that two
//! upstreams claim. The rest is served.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::comments::Comments;
use super::descriptor;
use super::http_rule::{self, Annotations};
use super::method::{Binding, BindingText, Body, Idempotency, Method, Shape, Variable};
use super::overrides::{Overrides, Unmatched};
use super::pool::Linked;
use super::rivals::{self, Claim};
use super::routes::{Refused, Routes};
use super::source::{Entry, Source};
use super::template::Template;
use super::{Lead, Options};
use crate::transcode::{FieldPath, PlanId, Plans};

/// A message that is an HTTP body of any content type.
pub(crate) const HTTP_BODY: &str = "google.api.HttpBody";

/// Most refusals that are kept; of further ones there is a count.
const REFUSALS_MAX: usize = 10_000;

/// How the refusal of a binding begins that another one leaves no room for.
pub(crate) const SAME_REQUESTS: &str = "matches the same requests as ";

/// `FileDescriptorProto.service` and `ServiceDescriptorProto.method`, as source info counts them.
const SERVICE: i32 = 6;
const METHOD: i32 = 2;

/// Everything that can be called.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) methods: HashMap<String, Arc<Method>>,
    pub(super) bindings: Vec<Binding>,
    pub(super) routes: Routes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ServiceOptions {
    #[prost(bool, tag = "33")]
    deprecated: bool,
}

/// Registers the services of every file, in the order of sources, files and declarations.
pub(super) fn register(
    linked: &Linked,
    plans: &Plans,
    sources: &[Source],
    options: &Options,
    refusals: &mut Vec<String>,
) -> Services {
    let mut registry = Registry {
        pool: &linked.pool,
        comments: &linked.comments,
        plans,
        overrides: Overrides::new(&options.http_rules),
        leads: &options.leads,
        withheld: &options.withheld,
        refusals,
        refused: 0,
        services: Services::default(),
    };
    for entry in &linked.entries {
        registry.file(entry, sources);
    }
    if options.unmatched == Unmatched::Refuse {
        let methods = registry.services.methods.values().map(|method| &**method);
        for sentence in registry.overrides.unmatched(&methods) {
            registry.refuse(sentence);
        }
    }
    if let Some(more @ 1..) = registry.refused.checked_sub(REFUSALS_MAX) {
        let sentence = format!("{more} more bindings and methods are not served");
        registry.refusals.push(sentence);
    }
    registry.services
}

struct Registry<'a> {
    pool: &'a DescriptorPool,
    comments: &'a Comments,
    plans: &'a Plans,
    overrides: Overrides<'a>,
    leads: &'a [Lead],
    withheld: &'a BTreeMap<String, String>,
    refusals: &'a mut Vec<String>,
    /// How many sentences were written, kept or not.
    refused: usize,
    services: Services,
}

/// What a method is registered with, besides its descriptor.
struct Given<'a> {
    service: &'a str,
    upstream: &'a Arc<str>,
    deprecated: bool,
    comment: String,
    method: &'a descriptor::Method,
}

/// A binding whose method is not there yet.
struct Compiled {
    rule: BindingText,
    variables: Vec<Variable>,
    body: Body,
    response_body: Option<FieldPath>,
}

impl Registry<'_> {
    fn refuse(&mut self, sentence: String) {
        if self.refused < REFUSALS_MAX {
            self.refusals.push(sentence);
        }
        self.refused += 1;
    }

    fn file(&mut self, entry: &Entry, sources: &[Source]) {
        if entry.file.service.is_empty() {
            return;
        }
        for (index, service) in entry.file.service.iter().enumerate() {
            let name = descriptor::join(entry.file.package(), service.name.as_deref());
            let Some(upstream) = self.upstream(&name, service, entry, sources) else {
                continue;
            };
            let Some(linked) = self.pool.get_service_by_name(&name) else {
                continue;
            };
            let options: ServiceOptions = descriptor::options(service.options.as_ref());
            // The pool lists methods in the file's order.
            for (at, (method, linked)) in service.method.iter().zip(linked.methods()).enumerate() {
                let path = i32::try_from(index).ok().zip(i32::try_from(at).ok());
                let comment = path.map(|(index, at)| {
                    let path = [SERVICE, index, METHOD, at];
                    self.comments.of(entry.file.name(), &path)
                });
                let given = Given {
                    service: &name,
                    upstream: &upstream,
                    deprecated: options.deprecated,
                    comment: comment.unwrap_or_default().to_owned(),
                    method,
                };
                self.method(given, &linked);
            }
        }
    }

    /// Who serves a service; `None` for those that a gateway has no business with, and for those that
    /// several upstreams bring while no route decides.
    fn upstream(
        &mut self,
        name: &str,
        service: &descriptor::Service,
        entry: &Entry,
        sources: &[Source],
    ) -> Option<Arc<str>> {
        let mut claims = entry.claims(name, sources);
        let first = claims.next()?;
        let rival = claims.find(|other| other.upstream != first.upstream);
        if let Some(other) = rival
            && let Some(undecided) = self.undecided(name, service)
        {
            self.refuse(format!(
                "{name}: {} brings it for upstream {} and {} for upstream {}, and no route names the \
                 upstreams of {undecided}; a route with the selector {name}.* and `upstreams` decides",
                first.name, first.upstream, other.name, other.upstream
            ));
            return None;
        }
        Some(Arc::clone(&first.upstream))
    }

    /// The first way to call one of a service's methods for which no route names upstreams.
    fn undecided(&mut self, name: &str, service: &descriptor::Service) -> Option<String> {
        for method in &service.method {
            let method_name = method.name.as_deref().unwrap_or_default();
            let rules = match self.overrides.of(&format!("{name}.{method_name}")) {
                Some(rule) => rule.bindings().to_vec(),
                None => http_rule::read(method.options.as_ref()).rules,
            };
            let claim = Claim {
                service: name,
                method: method_name,
                bindings: &rules,
            };
            let undecided = rivals::undecided(self.leads, &claim);
            if undecided.is_some() {
                return undecided;
            }
        }
        None
    }

    fn method(&mut self, given: Given<'_>, linked: &MethodDescriptor) {
        let name = linked.name();
        let path = format!("/{}/{name}", given.service);
        if let Some(reason) = self.withheld.get(&path) {
            self.refuse(format!("{path}: {reason}"));
            return;
        }
        let plan = |message: &str| self.plans.find(message);
        let (input, output) = (linked.input(), linked.output());
        let (Some(input_plan), Some(output_plan)) =
            (plan(input.full_name()), plan(output.full_name()))
        else {
            self.refuse(format!("{path}: its messages are not part of the schema"));
            return;
        };
        let Annotations {
            deprecated,
            idempotency,
            mut rules,
            mut faults,
        } = http_rule::read(given.method.options.as_ref());
        let mut origin = None;
        if let Some(rule) = self.overrides.of(&format!("{}.{name}", given.service)) {
            origin = Some(rule.origin());
            rules = rule.bindings().to_vec();
            faults.clear();
        }
        for fault in faults {
            self.refuse(format!("{path}: {fault}"));
        }
        let compiled: Vec<Compiled> = rules
            .into_iter()
            .filter_map(|rule| self.bind(&path, rule, origin, input_plan, output_plan))
            .collect();
        let method = Arc::new(Method {
            id: self.services.methods.len(),
            service: given.service.to_owned(),
            name: name.to_owned(),
            input: input_plan,
            output: output_plan,
            shape: Shape::new(given.method.client_streaming, given.method.server_streaming),
            idempotency: Idempotency::new(idempotency),
            deprecated: deprecated || given.deprecated,
            upstream: Arc::clone(given.upstream),
            http_body_input: input.full_name() == HTTP_BODY,
            http_body_output: output.full_name() == HTTP_BODY,
            comment: given.comment,
            bindings: compiled
                .iter()
                .map(|binding| Arc::new(binding.rule.clone()))
                .collect(),
            path: path.clone(),
        });
        for Compiled {
            rule,
            variables,
            body,
            response_body,
        } in compiled
        {
            self.services.bindings.push(Binding {
                id: self.services.bindings.len(),
                method: Arc::clone(&method),
                verb: rule.verb,
                template: rule.template,
                variables,
                body,
                response_body,
            });
        }
        self.services.methods.insert(path, method);
    }

    /// Compiles a rule and routes it. Every `Some` becomes one more binding at once, so that routes
    /// and bindings count alike.
    fn bind(
        &mut self,
        path: &str,
        rule: BindingText,
        origin: Option<&str>,
        input: PlanId,
        output: PlanId,
    ) -> Option<Compiled> {
        let refuse = |reason: String| {
            let template: String = rule.template.chars().take(100).collect();
            let of = origin.map_or_else(String::new, |origin| format!(" (of {origin})"));
            format!("{path}: {} {template}{of}: {reason}", rule.verb)
        };
        let template = match Template::parse(&rule.template) {
            Ok(template) => template,
            Err(error) => {
                self.refuse(refuse(error.to_string()));
                return None;
            }
        };
        let compiled = self.variables(&template, input).and_then(|variables| {
            let body = match rule.body.as_str() {
                "" => Body::None,
                "*" => Body::Whole,
                field => Body::Field(self.field(input, field, "body")?),
            };
            if let Some(variable) = variables.iter().find(|v| is_added_to(&v.field, &body)) {
                let name = variable.field.name();
                return Err(format!(
                    "the variable {name} holds a list or map, which the body would add to"
                ));
            }
            let response_body = match rule.response_body.as_str() {
                "" | "*" => None,
                field => Some(self.field(output, field, "response_body")?),
            };
            Ok((variables, body, response_body))
        });
        let (variables, body, response_body) = match compiled {
            Ok(compiled) => compiled,
            Err(reason) => {
                self.refuse(refuse(reason));
                return None;
            }
        };
        if let Err(refused) = self.services.routes.insert(&template, &rule.verb) {
            let reason = match refused {
                Refused::Full => "the schema has as many routes as it may".to_owned(),
                Refused::Taken(taken) => {
                    let by = self.services.bindings.get(taken);
                    let by = by.map_or_else(
                        || "another binding of the same method".to_owned(),
                        |by| format!("{} ({})", by.method.path, by.template),
                    );
                    format!("{SAME_REQUESTS}{by}")
                }
            };
            self.refuse(refuse(reason));
            return None;
        }
        Some(Compiled {
            rule,
            variables,
            body,
            response_body,
        })
    }

    fn variables(&self, template: &Template, input: PlanId) -> Result<Vec<Variable>, String> {
        let mut variables: Vec<Variable> = Vec::with_capacity(template.variables.len());
        for capture in &template.variables {
            let name = &capture.field;
            let field = self.field(input, name, "the variable")?;
            if field.is_map() || field.is_repeated() {
                return Err(format!(
                    "the variable {name} is repeated; a path holds one value"
                ));
            }
            if field.is_plain_message() {
                return Err(format!(
                    "the variable {name} is a message, which has no text form"
                ));
            }
            for other in &variables {
                if other.field.name() == field.name() {
                    return Err(format!("the variable {name} stands there twice"));
                }
                let rival = |(oneof, member): &(String, String)| {
                    field
                        .oneofs()
                        .iter()
                        .any(|(of, own)| of == oneof && own != member)
                };
                if other.field.oneofs().iter().any(rival) {
                    let other = other.field.name();
                    return Err(format!("the variables {other} and {name} are of one oneof"));
                }
            }
            variables.push(Variable {
                field,
                multi: capture.multi,
            });
        }
        Ok(variables)
    }

    fn field(&self, root: PlanId, path: &str, what: &str) -> Result<FieldPath, String> {
        self.plans.field_path(root, path).map_err(|error| {
            let path: String = path.chars().take(100).collect();
            format!("{what} {path}: {error}")
        })
    }
}

/// True for a variable that could not overrule what the body says of the same field: the two
/// would merge.
fn is_added_to(variable: &FieldPath, body: &Body) -> bool {
    let in_body = match body {
        Body::None => false,
        Body::Whole => true,
        Body::Field(field) => variable.is_at_or_under(field),
    };
    in_body && variable.is_composite()
}

/// Distinct names of the services of some methods, sorted.
pub(super) fn names<'m>(methods: impl Iterator<Item = &'m Arc<Method>>) -> Vec<String> {
    let names: HashSet<&str> = methods.map(|method| method.service.as_str()).collect();
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

//! A schema becomes a catalog.
//!
//! ```text
//! methods that are served and may be seen ─► messages they reach ─► operations ─► names ─► packages
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use prost_reflect::{FileDescriptor, MethodDescriptor, ServiceDescriptor};

use super::closure::{Reached, Reader};
use super::findings::Findings;
use super::google::Options;
use super::operation::Operation;
use super::operations::Maker;
use super::resources::Resources;
use super::{
    Audience, Catalog, ERROR_DETAILS, Ids, Method, Package, Service, annotations, comment, ids,
};
use crate::protocol;
use crate::protocol::options::Chosen;
use crate::schema::{self, Schema};

/// Where a file's `package` and `syntax` statements are.
const PACKAGE: i32 = 2;
const SYNTAX: i32 = 12;

/// A method that may be seen.
struct Shown {
    served: Arc<schema::Method>,
    descriptor: MethodDescriptor,
    options: Options,
}

impl Catalog {
    /// Describes what a schema serves, as far as the audience may see it.
    #[must_use]
    pub fn new(schema: &Schema, config: &protocol::Config, audience: &Audience, ids: Ids) -> Self {
        let chosen = Chosen::new(schema, &config.options, &config.routes);
        let mut reader = Reader::new(schema.comments(), &audience.labels, schema.plans());
        let shown = shown(schema, audience, &mut reader);
        let reached = reach(schema, &shown, &mut reader);
        let resources = Resources::new(schema.pool(), &audience.labels);
        let mut findings = Findings::default();
        let methods: Vec<_> = shown
            .iter()
            .map(|shown| Arc::clone(&shown.served))
            .collect();
        let operations = Maker {
            schema,
            chosen: &chosen,
            messages: &reached.messages,
            resources: &resources,
        }
        .of(&methods, &mut findings);
        let whole = shown.len() == schema.methods().len();
        let mut catalog = Self {
            packages: packages(schema, &chosen, shown, operations, &reached, &mut reader),
            messages: reached.messages,
            enums: reached.enums,
            ..Self::default()
        };
        let services = catalog.packages.iter_mut().flat_map(|p| &mut p.services);
        ids::tags(&mut services.collect::<Vec<_>>(), ids, &mut findings);
        ids::operations(&mut catalog, &mut findings);
        findings.unbound(&catalog);
        findings.refused(schema, &catalog, whole);
        findings.silent(schema, &catalog);
        catalog.findings = findings.into_vec();
        catalog
    }
}

/// The methods that may be seen, in the order of files and declarations.
fn shown(schema: &Schema, audience: &Audience, reader: &mut Reader<'_>) -> Vec<Shown> {
    let mut methods: Vec<_> = schema.methods().collect();
    methods.sort_by_key(|method| method.id);
    // Of each service, unless it is hidden, its methods by name.
    let mut services: HashMap<&str, Option<HashMap<String, MethodDescriptor>>> = HashMap::new();
    let mut all = Vec::new();
    for served in methods {
        let selected = |only: &schema::Selector| only.selects(&served.service, &served.name);
        if !audience.only.is_empty() && !audience.only.iter().any(selected) {
            continue;
        }
        let service = services.entry(&served.service).or_insert_with(|| {
            let service = schema.pool().get_service_by_name(&served.service)?;
            let options = Options::read(|| service.options());
            let methods = service.methods();
            let named = methods.map(|method| (method.name().to_owned(), method));
            reader.shows(&options).then(|| named.collect())
        });
        let Some(descriptor) = service.as_mut().and_then(|all| all.remove(&served.name)) else {
            continue;
        };
        let options = Options::read(|| descriptor.options());
        // A method nobody could describe: what it takes or gives is hidden.
        let is_shown = reader.shows(&options)
            && reader.shows_message(&descriptor.input())
            && reader.shows_message(&descriptor.output());
        if is_shown {
            all.push(Shown {
                served: Arc::clone(served),
                descriptor,
                options,
            });
        }
    }
    all
}

fn reach(schema: &Schema, shown: &[Shown], reader: &mut Reader<'_>) -> Reached {
    let errors = std::iter::once(&"google.rpc.Status")
        .chain(ERROR_DETAILS)
        .filter_map(|name| schema.pool().get_message_by_name(name));
    let ends = shown
        .iter()
        .flat_map(|method| [method.descriptor.input(), method.descriptor.output()]);
    let mut reached = reader.reach(ends.chain(errors).collect::<Vec<_>>());
    for method in shown {
        let (input, output) = (method.descriptor.input(), method.descriptor.output());
        let once: HashSet<&str> = HashSet::from([input.full_name(), output.full_name()]);
        for name in once {
            if let Some(message) = reached.messages.get_mut(name) {
                message.used_by.push(method.served.path.clone());
            }
        }
    }
    for message in reached.messages.values_mut() {
        message.used_by.sort();
    }
    reached
}

fn packages(
    schema: &Schema,
    chosen: &Chosen,
    shown: Vec<Shown>,
    operations: Vec<Vec<Operation>>,
    reached: &Reached,
    reader: &mut Reader<'_>,
) -> Vec<Package> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (shown, operations) in shown.into_iter().zip(operations) {
        let descriptor = shown.descriptor.parent_service().clone();
        let package = packages
            .entry(descriptor.package_name().to_owned())
            .or_insert_with_key(|name| package(name));
        let place = *places
            .entry(descriptor.full_name().to_owned())
            .or_insert_with(|| {
                package.services.push(service(&descriptor, reader));
                package.services.len() - 1
            });
        if let Some(service) = package.services.get_mut(place) {
            let method = method(shown, operations, service.deprecated, chosen, reader);
            service.methods.push(method);
        }
    }
    let mut files: HashMap<String, Vec<FileDescriptor>> = HashMap::new();
    for file in schema.pool().files() {
        if packages.contains_key(file.package_name()) {
            let name = file.package_name().to_owned();
            files.entry(name).or_default().push(file);
        }
    }
    for (name, mut files) in files {
        let Some(package) = packages.get_mut(&name) else {
            continue;
        };
        // Those with services first, in the order of services.
        let with_services: Vec<String> = package
            .services
            .iter()
            .filter_map(|service| schema.pool().get_service_by_name(&service.name))
            .map(|service| service.parent_file().name().to_owned())
            .collect();
        let places: HashMap<&str, usize> = with_services
            .iter()
            .enumerate()
            .rev()
            .map(|(place, name)| (name.as_str(), place))
            .collect();
        files.sort_by_key(|file| {
            let place = places.get(file.name()).copied();
            (place.unwrap_or(usize::MAX), file.name().to_owned())
        });
        package.comment = package_comment(&files, reader);
        // What the first file says wins.
        for file in files.iter().rev() {
            let said = annotations::Document::of_file(file);
            package.annotations.merge(said);
        }
    }
    for (name, message) in &reached.messages {
        if let Some(package) = packages.get_mut(message.descriptor.package_name()) {
            package.messages.push(name.clone());
        }
    }
    for (name, enumeration) in &reached.enums {
        if let Some(package) = packages.get_mut(enumeration.descriptor.package_name()) {
            package.enums.push(name.clone());
        }
    }
    packages.into_values().collect()
}

fn package(name: &str) -> Package {
    let last = name.rsplit('.').next().unwrap_or_default();
    let version = is_version(last).then(|| last.to_owned());
    let family = match &version {
        Some(version) => name.strip_suffix(version.as_str()).unwrap_or(name),
        None => name,
    };
    Package {
        name: name.to_owned(),
        family: family.trim_end_matches('.').to_owned(),
        version,
        comment: String::new(),
        annotations: annotations::Document::default(),
        services: Vec::new(),
        messages: Vec::new(),
        enums: Vec::new(),
    }
}

/// `v1`, `v1beta1`, `v1p2alpha`: a `v`, a number, and more numbers after words of the trade.
fn is_version(component: &str) -> bool {
    let Some(mut rest) = component.strip_prefix('v') else {
        return false;
    };
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if digits(rest) == 0 {
        return false;
    }
    loop {
        rest = rest.get(digits(rest)..).unwrap_or_default();
        if rest.is_empty() {
            return true;
        }
        let words = ["alpha", "beta", "main", "test", "eap", "p"];
        let Some(after) = words.iter().find_map(|word| rest.strip_prefix(word)) else {
            return false;
        };
        rest = after;
    }
}

fn service(descriptor: &ServiceDescriptor, reader: &mut Reader<'_>) -> Service {
    let file = descriptor.parent_file();
    let own = descriptor.service_descriptor_proto().options.as_ref();
    Service {
        name: descriptor.full_name().to_owned(),
        short: descriptor.name().to_owned(),
        tag: String::new(),
        comment: reader.comment(&file, descriptor.path()),
        deprecated: own.is_some_and(prost_types::ServiceOptions::deprecated)
            || reader.is_deprecated(&file),
        annotations: annotations::Tag::of_service(Options::read(|| descriptor.options()).record()),
        methods: Vec::new(),
    }
}

fn method(
    shown: Shown,
    operations: Vec<Operation>,
    service_is_deprecated: bool,
    chosen: &Chosen,
    reader: &Reader<'_>,
) -> Method {
    let Shown {
        served,
        descriptor,
        options,
    } = shown;
    let text = reader.comment(&descriptor.parent_file(), descriptor.path());
    let (summary, description) = comment::split(&text);
    let annotations = annotations::Operation::of_method(options.record());
    Method {
        summary,
        description,
        deprecated: served.deprecated || service_is_deprecated || annotations.deprecated,
        annotations,
        options: Arc::clone(chosen.of_method(&served)),
        operations,
        served,
        descriptor,
    }
}

/// The comment above the `package` statement of the first file that has one; else that above `syntax`, if
/// it is no licence.
fn package_comment(files: &[FileDescriptor], reader: &Reader<'_>) -> String {
    let above = |statement: i32| {
        files
            .iter()
            .map(move |file| reader.comment(file, &[statement]))
    };
    let is_licence = |text: &String| text.contains("Copyright") || text.contains("License");
    above(PACKAGE)
        .chain(above(SYNTAX).filter(|text| !is_licence(text)))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

//! The gateway's own gRPC services: health, and server reflection of them where it is wanted.

use tonic::service::Routes;
use tonic_reflection::server::Builder;

use super::health::{self, Health};

/// Whether tools can ask which gRPC services there are on the admin port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reflection {
    /// They cannot.
    #[default]
    Off,
    /// By `grpc.reflection`, v1 and v1alpha.
    On,
}

/// All of them, spoken by gRPC and gRPC-Web.
pub(super) fn services(health: Health, reflection: Reflection) -> axum::Router {
    let mut routes = Routes::new(health.service());
    if reflection == Reflection::On {
        let told =
            || Builder::configure().register_encoded_file_descriptor_set(health::DESCRIPTORS);
        // Built of descriptors that are in the binary; a test asks for them.
        if let Ok(service) = told().build_v1() {
            routes = routes.add_service(service);
        }
        if let Ok(service) = told().build_v1alpha() {
            routes = routes.add_service(service);
        }
    }
    // `tonic-web` serves the gateway's own services to browsers; calls to backends have the gateway's own
    // adapter.
    routes
        .into_axum_router()
        .layer(tonic_web::GrpcWebLayer::new())
}

//! A backend of your own for Transom to stand before: nothing but tonic and its reflection.
//!
//! ```text
//! cargo run --example upstream                  # listens on 127.0.0.1:50051
//! transom serve --upstream http://127.0.0.1:50051
//! curl '127.0.0.1:8080/v1/sensors/cellar/readings:watch?count=3'
//! ```
//!
//! `cargo run --example upstream -- --check` starts it on a free port, calls it and ends.

use std::error::Error;
use std::future::{Future, pending};

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use transom::demo::DESCRIPTORS;
use transom::demo::pb::demo::telemetry::v1::telemetry_service_client::TelemetryServiceClient;
use transom::demo::pb::demo::telemetry::v1::telemetry_service_server::{
    TelemetryService, TelemetryServiceServer,
};
use transom::demo::pb::demo::telemetry::v1::{
    ListSensorsRequest, ListSensorsResponse, Quantity, Reading, Sensor, Summary, WatchRequest,
};

/// Longest stream of readings.
const READINGS_MAX: i32 = 1_000;

/// A cellar with one thermometer.
struct Cellar;

#[tonic::async_trait]
impl TelemetryService for Cellar {
    type WatchStream = BoxStream<'static, Result<Reading, Status>>;

    async fn list_sensors(
        &self,
        _: Request<ListSensorsRequest>,
    ) -> Result<Response<ListSensorsResponse>, Status> {
        let cellar = Sensor {
            name: "cellar".to_owned(),
            quantity: Quantity::Temperature.into(),
            period: None,
        };
        Ok(Response::new(ListSensorsResponse {
            sensors: vec![cellar],
        }))
    }

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let WatchRequest { sensor, count, .. } = request.into_inner();
        if sensor != "cellar" {
            return Err(Status::not_found("there is only the sensor \"cellar\""));
        }
        let readings = (0..count.clamp(0, READINGS_MAX)).map(|number| {
            Ok(Reading {
                sensor: "cellar".to_owned(),
                sequence: u64::from(number.unsigned_abs()),
                value: 12.0 + f64::from(number % 10) / 10.0,
                ..Reading::default()
            })
        });
        Ok(Response::new(stream::iter(readings).boxed()))
    }

    async fn report(
        &self,
        request: Request<Streaming<Reading>>,
    ) -> Result<Response<Summary>, Status> {
        let mut readings = request.into_inner();
        let mut summary = Summary::default();
        while readings.message().await?.is_some() {
            summary.count += 1;
        }
        Ok(Response::new(summary))
    }
}

/// Serves the cellar on `listener` until `shutdown` is done.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    // Reflection is what lets the gateway find the schema by itself.
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .with_service_name("demo.telemetry.v1.TelemetryService")
        .build_v1()?;
    Server::builder()
        .add_service(TelemetryServiceServer::new(Cellar))
        .add_service(reflection)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), shutdown)
        .await?;
    Ok(())
}

/// Starts the backend on a free port and calls it.
pub async fn check() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let calls = async {
        let mut client = TelemetryServiceClient::connect(url).await?;
        let sensors = client.list_sensors(ListSensorsRequest {}).await?;
        if sensors.get_ref().sensors.len() != 1 {
            return Err("one sensor was expected".into());
        }
        let request = WatchRequest {
            sensor: "cellar".to_owned(),
            count: 3,
            interval: None,
        };
        let readings = client.watch(request).await?.into_inner().count().await;
        if readings != 3 {
            return Err(format!("3 readings were expected, {readings} came").into());
        }
        Ok(())
    };
    tokio::select! {
        served = serve(listener, pending()) => served,
        called = calls => called,
    }
}

#[tokio::main]
#[allow(
    dead_code,
    reason = "the tests include this file and call its functions"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("--check") {
        return check().await;
    }
    let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:50051")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await
}

//! Sensors whose readings are computed, so that they are the same every time.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tonic::{Request, Response, Status, Streaming};

use super::failure::{bad_field, not_found};
use super::pb::demo::telemetry::v1::telemetry_service_server::{
    TelemetryService, TelemetryServiceServer,
};
use super::pb::demo::telemetry::v1::{
    ListSensorsRequest, ListSensorsResponse, Quantity, Reading, Sensor, Summary, WatchRequest,
};

/// Most readings of one stream.
const READINGS_MAX: i32 = 10_000;
/// Readings of a stream that names no number.
const READINGS: i32 = 10;
/// Longest rest between two messages of any stream.
pub(super) const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// Name, quantity, mean, swing and own period in milliseconds.
const SENSORS: [(&str, Quantity, f64, f64, u64); 3] = [
    ("lab-1", Quantity::Temperature, 21.0, 2.5, 1_000),
    ("lab-2", Quantity::Humidity, 45.0, 10.0, 2_000),
    ("roof", Quantity::Pressure, 1_013.0, 8.0, 5_000),
];

pub(super) fn service() -> TelemetryServiceServer<Telemetry> {
    TelemetryServiceServer::new(Telemetry)
}

/// Has no state: a reading follows from its sensor and its number.
pub(super) struct Telemetry;

#[tonic::async_trait]
impl TelemetryService for Telemetry {
    type WatchStream = BoxStream<'static, Result<Reading, Status>>;

    async fn list_sensors(
        &self,
        _: Request<ListSensorsRequest>,
    ) -> Result<Response<ListSensorsResponse>, Status> {
        let sensors = SENSORS.map(|(name, quantity, _, _, period)| Sensor {
            name: name.to_owned(),
            quantity: quantity.into(),
            period: prost_types::Duration::try_from(Duration::from_millis(period)).ok(),
        });
        Ok(Response::new(ListSensorsResponse {
            sensors: sensors.into(),
        }))
    }

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let WatchRequest {
            sensor,
            count,
            interval,
        } = request.into_inner();
        let Some(&(name, _, mean, swing, period)) = SENSORS.iter().find(|row| row.0 == sensor)
        else {
            return Err(not_found("Sensor", &sensor));
        };
        let count = match count {
            0 => READINGS,
            1..=READINGS_MAX => count,
            _ => {
                return Err(bad_field(
                    "count",
                    format!("{count} is not 0 to {READINGS_MAX}"),
                ));
            }
        };
        let rest = match interval {
            Some(interval) => rest("interval", interval)?,
            None => Duration::from_millis(period),
        };
        let readings =
            stream::iter(0..u64::from(count.unsigned_abs())).then(move |sequence| async move {
                if sequence > 0 && !rest.is_zero() {
                    tokio::time::sleep(rest).await;
                }
                Ok(reading(name, sequence, mean, swing))
            });
        Ok(Response::new(readings.boxed()))
    }

    async fn report(
        &self,
        request: Request<Streaming<Reading>>,
    ) -> Result<Response<Summary>, Status> {
        let mut readings = request.into_inner();
        let mut summary = Summary::default();
        let mut sum = 0.0;
        while let Some(reading) = readings.message().await? {
            let first = summary.count == 0;
            summary.min = if first {
                reading.value
            } else {
                summary.min.min(reading.value)
            };
            summary.max = if first {
                reading.value
            } else {
                summary.max.max(reading.value)
            };
            summary.count += 1;
            sum += reading.value;
        }
        if summary.count > 0 {
            #[allow(clippy::cast_precision_loss)]
            let count = summary.count as f64;
            summary.mean = sum / count;
        }
        Ok(Response::new(summary))
    }
}

/// A wave around the mean, to two decimals.
fn reading(sensor: &str, sequence: u64, mean: f64, swing: f64) -> Reading {
    #[allow(clippy::cast_precision_loss)]
    let phase = (sequence % 1_000) as f64 / 5.0;
    Reading {
        sensor: sensor.to_owned(),
        sequence,
        time: Some(SystemTime::now().into()),
        value: ((mean + swing * phase.sin()) * 100.0).round() / 100.0,
        confidence: 0.75,
    }
}

/// A duration of a request as a rest between messages: not negative, not above the bound.
pub(super) fn rest(field: &str, interval: prost_types::Duration) -> Result<Duration, Status> {
    match Duration::try_from(interval) {
        Ok(rest) if rest <= INTERVAL_MAX => Ok(rest),
        _ => Err(bad_field(
            field,
            format!("it is not 0s to {}s", INTERVAL_MAX.as_secs()),
        )),
    }
}

//! The echo and the sensors: what is asked for is what comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use tonic::Code;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::demo::pb::demo::echo::v1::{
    FailRequest, GetRequest, Item, Kinds, MetadataRequest, Order, SlowRequest, StreamRequest,
};
use transom::demo::pb::demo::telemetry::v1::telemetry_service_client::TelemetryServiceClient;
use transom::demo::pb::demo::telemetry::v1::{ListSensorsRequest, Reading, WatchRequest};
use transom::demo::pb::google::rpc;

use super::{demo, detail};

#[tokio::test]
async fn sensors_are_watched_at_the_pace_asked_for() {
    let demo = demo().await;
    let mut telemetry = TelemetryServiceClient::new(demo.channel.clone());
    let sensors = telemetry
        .list_sensors(ListSensorsRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(sensors.sensors.len(), 3);
    let interval = Some(prost_types::Duration {
        seconds: 0,
        nanos: 50_000_000,
    });
    let request = WatchRequest {
        sensor: "lab-1".into(),
        count: 3,
        interval,
    };
    let began = tokio::time::Instant::now();
    let readings: Vec<_> = telemetry
        .watch(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert!(
        began.elapsed() >= Duration::from_millis(100),
        "two rests of 50 ms"
    );
    let last = readings.into_iter().next_back().unwrap().unwrap();
    assert_eq!(last.sequence, 2);

    let readings = [1.0, 5.0, 3.0].map(|value| Reading {
        value,
        ..Default::default()
    });
    let summary = telemetry
        .report(stream::iter(readings))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (summary.count, summary.min, summary.max, summary.mean),
        (3, 1.0, 5.0, 3.0)
    );
    let request = WatchRequest {
        sensor: "nowhere".into(),
        ..Default::default()
    };
    assert_eq!(
        telemetry.watch(request).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn the_echo_echoes_streams_and_collects() {
    let demo = demo().await;
    let mut echo = EchoServiceClient::new(demo.channel.clone());
    let order = Order {
        id: "a".into(),
        customer: i64::MAX,
        ..Default::default()
    };
    assert_eq!(echo.echo(order.clone()).await.unwrap().into_inner(), order);
    assert_eq!(
        echo.get(GetRequest { id: 7 })
            .await
            .unwrap()
            .into_inner()
            .half,
        3.5
    );
    let kinds = Kinds {
        nested: Some(Box::new(Kinds {
            int32_value: 1,
            ..Default::default()
        })),
        any: prost_types::Any::from_msg(&order).ok(),
        ..Default::default()
    };
    assert_eq!(
        echo.echo_kinds(kinds.clone()).await.unwrap().into_inner(),
        kinds
    );

    let request = StreamRequest {
        count: 1_000,
        size: 10,
        ..Default::default()
    };
    let items: Vec<_> = echo
        .stream(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert_eq!(items.len(), 1_000);
    let items = items.into_iter().map(Result::unwrap);
    let collected = echo
        .collect(stream::iter(items))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((collected.count, collected.size), (1_000, 10_000));

    let items = (0..3).map(|index| Item {
        index,
        text: "x".into(),
    });
    let back: Vec<_> = echo
        .converse(stream::iter(items))
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert_eq!(back.len(), 3);
    let delay = Some(prost_types::Duration {
        seconds: 0,
        nanos: 30_000_000,
    });
    let began = tokio::time::Instant::now();
    echo.slow(SlowRequest { delay, id: 1 }).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn the_echo_fails_as_told() {
    let demo = demo().await;
    let mut echo = EchoServiceClient::new(demo.channel.clone());
    let request = FailRequest {
        code: 9,
        message: "no".into(),
        standard_details: true,
        ..Default::default()
    };
    let status = echo.fail(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "no")
    );
    assert_eq!(
        rpc::Status::decode(status.details()).unwrap().details.len(),
        10
    );
    assert_eq!(detail::<rpc::LocalizedMessage>(&status).locale, "de");

    let request = StreamRequest {
        count: 2,
        fail_code: 15,
        ..Default::default()
    };
    let items: Vec<_> = echo
        .stream(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    assert_eq!(items.len(), 3);
    assert_eq!(items[2].as_ref().unwrap_err().code(), Code::DataLoss);
    let request = FailRequest {
        code: 17,
        ..Default::default()
    };
    assert_eq!(
        echo.fail(request).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn metadata_is_shown_and_sent_as_headers_and_trailers() {
    let demo = demo().await;
    let mut echo = EchoServiceClient::new(demo.channel);
    let mut request = tonic::Request::new(MetadataRequest {
        http_code: 202,
        headers: BTreeMap::from([("x-demo-bin".into(), "AAE=".into())]),
        trailers: BTreeMap::from([("x-checksum".into(), "42".into())]),
    });
    request
        .metadata_mut()
        .append("x-twice", "a".parse().unwrap());
    request
        .metadata_mut()
        .append("x-twice", "b".parse().unwrap());
    let response = echo.metadata(request).await.unwrap();
    let metadata = response.metadata();
    assert_eq!(metadata.get("x-http-code").unwrap(), "202");
    assert_eq!(
        metadata
            .get_bin("x-demo-bin")
            .unwrap()
            .to_bytes()
            .unwrap()
            .as_ref(),
        [0, 1]
    );
    // tonic's client merges the trailers of a unary call into its metadata.
    assert_eq!(metadata.get("x-checksum").unwrap(), "42");
    assert_eq!(response.get_ref().metadata["x-twice"].values, ["a", "b"]);
}

//! Many calls on few streams, and connections that end under them.

use std::num::NonZeroUsize;
use std::task::Poll;

use super::*;
use crate::upstream::config::Connect;
use crate::worker::Workers;

#[tokio::test]
async fn a_refused_call_is_sent_once_more_and_acted_on_once() {
    let (tries, acted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&tries), Arc::clone(&acted));
    let backend = Backend::http2(
        0,
        10,
        move |_, mut respond: h2::server::SendResponse<Bytes>| {
            let (tries, acted) = counters.clone();
            async move {
                if tries.fetch_add(1, Ordering::SeqCst) == 0 {
                    respond.send_reset(h2::Reason::REFUSED_STREAM);
                } else {
                    acted.fetch_add(1, Ordering::SeqCst);
                    ok(respond, b"");
                }
            }
        },
    )
    .await;
    assert!(outcome(&backend.upstream(), unary(b"x")).await.is_ok());
    assert_eq!(
        (tries.load(Ordering::SeqCst), acted.load(Ordering::SeqCst)),
        (2, 1)
    );
}

#[tokio::test]
async fn a_call_that_is_always_refused_is_tried_twice() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tries);
    let backend = Backend::http2(
        0,
        10,
        move |_, mut respond: h2::server::SendResponse<Bytes>| {
            counter.fetch_add(1, Ordering::SeqCst);
            async move { respond.send_reset(h2::Reason::REFUSED_STREAM) }
        },
    )
    .await;
    let status = outcome(&backend.upstream(), unary(b"x")).await;
    assert_eq!(
        (status.code, status.retry),
        (Code::Unavailable, crate::call::Retry::Refused)
    );
    assert_eq!(tries.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_above_a_goaway_goes_to_another_connection() {
    let backend = Backend::scripted(0, |connection, stream| async move {
        if connection == 0 {
            backend::goaway_below_the_first_stream(stream).await;
        } else {
            backend::http2(stream, 10, |_, respond| async move { ok(respond, b"") }).await;
        }
    })
    .await;
    assert!(outcome(&backend.upstream(), unary(b"x")).await.is_ok());
    assert_eq!(backend.connections(), 2);
}

#[tokio::test]
async fn one_stream_a_connection_gives_as_many_connections_as_there_may_be_and_a_queue() {
    let default = Connect::default().connections;
    check_connections(default, |_| {}).await;
    check_connections(3, |config| config.connect.connections = 3).await;
    check_connections(4, |config| config.limits.connections = 4).await;
}

async fn check_connections(most: usize, configure: impl Fn(&mut Config)) {
    const CALLS: usize = 100;
    let gate = Arc::new(Semaphore::new(0));
    let (started, mut start) = mpsc::unbounded_channel();
    let door = Arc::clone(&gate);
    let backend = Backend::http2(0, 1, move |_, respond| {
        let (door, started) = (Arc::clone(&door), started.clone());
        async move {
            started.send(()).unwrap();
            let _permit = door.acquire().await.unwrap();
            ok(respond, b"");
        }
    })
    .await;
    let mut config = backend.config();
    configure(&mut config);
    let upstream = Upstream::build([config], 1).unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let upstream = upstream.clone();
        calls.spawn(async move { outcome(&upstream, unary(b"x")).await });
    }
    for _ in 0..most {
        start.recv().await.unwrap();
    }
    assert_eq!(backend.connections(), most);
    gate.add_permits(CALLS);
    while let Some(status) = calls.join_next().await {
        assert!(status.unwrap().is_ok());
    }
    assert_eq!(backend.connections(), most);
}

#[tokio::test]
async fn calls_that_left_the_queue_do_not_keep_the_others_waiting() {
    let gate = Arc::new(Semaphore::new(0));
    let door = Arc::clone(&gate);
    let (started, mut start) = mpsc::unbounded_channel();
    let backend = Backend::http2(0, 1, move |_, respond| {
        let (door, started) = (Arc::clone(&door), started.clone());
        async move {
            started.send(()).unwrap();
            door.acquire().await.unwrap().forget();
            ok(respond, b"");
        }
    })
    .await;
    let upstream = backend.upstream();
    let spawn = || {
        let upstream = upstream.clone();
        tokio::spawn(async move { outcome(&upstream, unary(b"x")).await })
    };
    let holding: Vec<_> = (0..10).map(|_| spawn()).collect();
    for _ in 0..10 {
        start.recv().await.unwrap();
    }
    let leaving: Vec<_> = (0..10).map(|_| spawn()).collect();
    tokio::task::yield_now().await;
    let staying = spawn();
    tokio::task::yield_now().await;
    leaving.iter().for_each(tokio::task::JoinHandle::abort);
    gate.add_permits(11);
    for call in holding.into_iter().chain([staying]) {
        assert!(call.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_hundred_unread_streams_of_small_messages_leave_a_neighbour_alone() {
    let (full, mut filled) = mpsc::unbounded_channel();
    let backend = Backend::http2(0, 100, move |request, respond| {
        let full = full.clone();
        async move {
            let body = read(&mut request.into_body()).await.unwrap().concat();
            if body == frame(b"x") {
                return ok(respond, b"");
            }
            // 20 bytes a message, each in a DATA frame of its own, until nothing more is let in.
            let mut stream = begin(respond, &[]);
            let mut said = false;
            loop {
                stream.reserve_capacity(frame(&[1; 20]).len());
                let room = std::future::poll_fn(|cx| {
                    let polled = stream.poll_capacity(cx);
                    if polled.is_pending() && !said && stream.capacity() < 25 {
                        said = true;
                        full.send(()).unwrap();
                    }
                    polled
                });
                if !matches!(room.await, Some(Ok(_))) {
                    return;
                }
                if stream.capacity() >= 25 {
                    stream.send_data(frame(&[1; 20]), false).unwrap();
                }
            }
        }
    })
    .await;
    let upstream = backend.upstream();
    let mut unread = Vec::new();
    for _ in 0..99 {
        unread.push(upstream.call(server_stream()).await.unwrap());
    }
    for _ in 0..99 {
        filled.recv().await.unwrap();
    }
    for _ in 0..200 {
        assert!(outcome(&upstream, unary(b"x")).await.is_ok());
    }
    assert_eq!(
        backend.connections(),
        1,
        "they are neighbours on one connection"
    );
    unread.push(upstream.call(server_stream()).await.unwrap());
    filled.recv().await.unwrap();
    assert!(outcome(&upstream, unary(b"x")).await.is_ok());
    for reply in &mut unread {
        for _ in 0..3000 {
            assert!(matches!(
                reply.replies.next().await,
                Some(Answer::Message(_))
            ));
        }
    }
}

#[tokio::test]
async fn a_connection_that_drains_keeps_its_streams_and_gets_no_more() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let backend = Backend::scripted(0, move |connection, stream| {
        let go = Arc::clone(&gate);
        async move {
            if connection > 0 {
                return backend::http2(stream, 10, |_, respond| async move { ok(respond, b"") })
                    .await;
            }
            let mut connection = h2::server::Builder::new()
                .handshake::<_, Bytes>(stream)
                .await
                .unwrap();
            let (_, respond) = connection.accept().await.unwrap().unwrap();
            let mut open = begin(respond, &[b"before"]);
            connection.graceful_shutdown();
            let finish = async move {
                go.acquire().await.unwrap().forget();
                open.send_data(frame(b"after"), false).unwrap();
                open.send_trailers(trailers(&[("grpc-status", "0")]))
                    .unwrap();
            };
            // Whatever comes after the shutdown is not answered; this moves the connection.
            let serve = async { while let Some(Ok(_)) = connection.accept().await {} };
            tokio::join!(finish, serve);
        }
    })
    .await;
    let upstream = backend.upstream();
    let reply = upstream.call(server_stream()).await.unwrap();
    for _ in 0..5 {
        assert!(outcome(&upstream, unary(b"x")).await.is_ok());
    }
    go.add_permits(1);
    let (messages, end) = collect(reply).await;
    assert_eq!(messages, [&b"before"[..], b"after"]);
    assert!(end.status.is_ok());
}

#[tokio::test]
async fn a_full_queue_refuses_the_next_call() {
    let gate = Arc::new(Semaphore::new(0));
    let door = Arc::clone(&gate);
    let (started, mut start) = mpsc::unbounded_channel();
    let backend = Backend::http2(0, 1, move |_, respond| {
        let (door, started) = (Arc::clone(&door), started.clone());
        async move {
            started.send(()).unwrap();
            let _permit = door.acquire().await.unwrap();
            ok(respond, b"");
        }
    })
    .await;
    let mut config = backend.config();
    config.limits.requests = 2000;
    let upstream = Upstream::build([config], 1).unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let upstream = upstream.clone();
        calls.spawn(async move { outcome(&upstream, unary(b"x")).await });
    }
    for _ in 0..10 {
        start.recv().await.unwrap();
    }
    let mut queued: Vec<_> = (0..1024)
        .map(|_| Box::pin(outcome(&upstream, unary(b"x"))))
        .collect();
    for call in &mut queued {
        let polled = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    let status = outcome(&upstream, unary(b"x")).await;
    assert_eq!(
        (status.code, status.origin),
        (Code::Unavailable, Origin::Gateway)
    );
    gate.add_permits(10);
    while let Some(status) = calls.join_next().await {
        assert!(status.unwrap().is_ok());
    }
    for status in futures_util::future::join_all(queued).await {
        assert!(status.is_ok());
    }
}

#[tokio::test]
async fn clients_that_break_their_side_at_once_cost_the_others_nothing() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let backend = Backend::http2(0, 200, move |request, respond| {
        let gate = Arc::clone(&opened);
        async move {
            if read(&mut request.into_body()).await.is_ok() {
                let _ = gate.acquire().await.unwrap();
                ok(respond, b"");
            }
        }
    })
    .await;
    let upstream = backend.upstream();
    let neighbour = outcome(&upstream, unary(b"x"));
    let fault = Status::downstream(Code::Internal, "a broken frame");
    let broken = async {
        let calls = (0..50).map(|_| {
            let messages = futures_util::stream::iter([Err(fault.clone())]);
            outcome(&upstream, call(Shape::Bidi, Requests::stream(messages)))
        });
        for status in futures_util::future::join_all(calls).await {
            assert_eq!(status, fault);
        }
        gate.add_permits(1);
    };
    let (status, ()) = tokio::join!(neighbour, broken);
    assert!(status.is_ok(), "{status:?}");
    assert_eq!(backend.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_came_up_is_tried_once_the_back_off_is_over() {
    let answer = |_, respond| async move { ok(respond, b"") };
    let first = Backend::http2(0, 10, answer).await;
    let port = first.port;
    first.stop().await;
    let upstream = upstream(port);
    let endless = || Call {
        deadline: Deadline::Never,
        ..unary(b"x")
    };
    assert_eq!(outcome(&upstream, endless()).await.code, Code::Unavailable);

    let second = Backend::http2(port, 10, answer).await;
    assert_eq!(outcome(&upstream, endless()).await.code, Code::Unavailable);
    assert_eq!(second.connections(), 0, "it is left alone for a while");
    tokio::time::advance(Duration::from_millis(1201)).await;
    tokio::time::resume();
    assert!(outcome(&upstream, endless()).await.is_ok());
}

#[tokio::test]
async fn workers_share_what_they_know_of_a_backend_but_not_their_connections() {
    let answer = |_, respond| async move { ok(respond, b"") };
    let backend = Backend::scripted(0, move |number, stream| async move {
        if number > 0 {
            backend::http2(stream, 10, answer).await;
        }
    })
    .await;
    let workers = Workers::start(NonZeroUsize::new(2).unwrap()).unwrap();
    let places = [workers.place(), workers.place()];
    let upstream = backend::for_workers(backend.port, 2);
    let on = async |worker: usize| {
        let upstream = upstream.clone();
        let call = async move { outcome(&upstream, unary(b"x")).await };
        places[worker].runtime().spawn(call).await.unwrap()
    };
    assert_eq!(on(0).await.code, Code::Unavailable);
    assert_eq!(on(1).await.code, Code::Unavailable);
    assert_eq!(
        backend.connections(),
        1,
        "the second worker leaves it alone"
    );
    tokio::time::sleep(Duration::from_millis(1201)).await;
    for worker in [1, 0, 1, 0] {
        assert!(on(worker).await.is_ok());
    }
    assert_eq!(backend.connections(), 3, "a connection for each worker");
}

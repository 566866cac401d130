//! Chat rooms: listening, uploads, conversations, files.

use futures_util::{StreamExt as _, stream};
use transom::demo::pb::demo::chat::v1::chat_service_client::ChatServiceClient;
use transom::demo::pb::demo::chat::v1::{
    ConverseRequest, DownloadFileRequest, JoinRequest, ListMessagesRequest, Message, SendRequest,
    SubscribeRequest, UploadFileRequest, UploadRequest,
};
use transom::demo::pb::google::api::HttpBody;

use super::demo;

#[tokio::test]
async fn a_listener_hears_what_was_said_and_what_is_said() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let request = SubscribeRequest {
        room: "lobby".into(),
        after: 1,
        count: 3,
    };
    let heard = chat.subscribe(request).await.unwrap().into_inner();
    let message = Message {
        author: "mary".into(),
        text: "Hello".into(),
        ..Default::default()
    };
    let request = SendRequest {
        room: "lobby".into(),
        message: Some(message.clone()),
    };
    assert_eq!(chat.send(request).await.unwrap().into_inner().id, 4);
    let ids: Vec<_> = heard.map(|message| message.unwrap().id).collect().await;
    assert_eq!(ids, [2, 3, 4]);

    let many = (0..5).map({
        let message = message.clone();
        move |_| UploadRequest {
            room: "attic".into(),
            message: Some(message.clone()),
        }
    });
    let taken = chat.upload(stream::iter(many)).await.unwrap().into_inner();
    assert_eq!((taken.count, taken.last_id), (5, 5));
    let request = ListMessagesRequest {
        room: "attic".into(),
        limit: 2,
    };
    let last = chat
        .list_messages(request)
        .await
        .unwrap()
        .into_inner()
        .messages;
    assert_eq!(
        last.iter().map(|message| message.id).collect::<Vec<_>>(),
        [4, 5]
    );
}

#[tokio::test]
async fn the_parrot_answers_before_the_conversation_is_over() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let (said, heard) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(heard);
    let mut answers = chat.converse(requests).await.unwrap().into_inner();
    for text in ["one", "two"] {
        said.send(ConverseRequest {
            room: "lobby".into(),
            text: text.into(),
        })
        .await
        .unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(answer.text, format!("{text}! {text}!"));
    }
    drop(said);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_in_pieces() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let pieces = (0..3_u8).map(|piece| UploadFileRequest {
        room: "lobby".into(),
        file: "notes.txt".into(),
        content: Some(HttpBody {
            content_type: "text/plain".into(),
            data: vec![b'0' + piece; 50_000].into(),
            ..Default::default()
        }),
    });
    let info = chat
        .upload_file(stream::iter(pieces))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((info.size, info.pieces), (150_000, 3));
    let request = DownloadFileRequest {
        room: "lobby".into(),
        file: "notes.txt".into(),
    };
    let pieces: Vec<_> = chat
        .download_file(request)
        .await
        .unwrap()
        .into_inner()
        .collect()
        .await;
    let pieces: Vec<HttpBody> = pieces.into_iter().map(Result::unwrap).collect();
    assert_eq!(pieces[0].content_type, "text/plain");
    assert_eq!(
        pieces.iter().map(|piece| piece.data.len()).sum::<usize>(),
        150_000
    );
}

#[tokio::test]
async fn who_joins_a_room_hears_what_was_said_and_what_is_said() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    let (said, heard) = tokio::sync::mpsc::channel(4);
    let say = |text: &str| JoinRequest {
        text: text.into(),
        ..Default::default()
    };
    said.send(JoinRequest {
        room: "lobby".into(),
        author: "mary".into(),
        after: 2,
        ..Default::default()
    })
    .await
    .unwrap();
    let requests = tokio_stream::wrappers::ReceiverStream::new(heard);
    let mut heard = chat.join(requests).await.unwrap().into_inner();
    let before = heard.message().await.unwrap().unwrap();
    assert_eq!((before.id, before.author.as_str()), (3, "ada"));

    said.send(say("Hello")).await.unwrap();
    let own = heard.message().await.unwrap().unwrap();
    assert_eq!(
        (own.id, own.author.as_str(), own.text.as_str()),
        (4, "mary", "Hello")
    );
    let others = SendRequest {
        room: "lobby".into(),
        message: Some(Message {
            author: "ada".into(),
            text: "Good evening".into(),
            ..Default::default()
        }),
    };
    chat.send(others).await.unwrap();
    let others = heard.message().await.unwrap().unwrap();
    assert_eq!((others.id, others.author.as_str()), (5, "ada"));

    // What was said before the end is heard before the end.
    said.send(say("Goodbye")).await.unwrap();
    drop(said);
    let last: Vec<_> = heard.map(|message| message.unwrap().text).collect().await;
    assert_eq!(last, ["Goodbye"]);
}

#[tokio::test]
async fn nobody_joins_a_room_without_a_name() {
    let demo = demo().await;
    let mut chat = ChatServiceClient::new(demo.channel.clone());
    for requests in [vec![], vec![JoinRequest::default()]] {
        let mut heard = chat
            .join(stream::iter(requests))
            .await
            .unwrap()
            .into_inner();
        let status = heard.message().await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
    }
}

// OPA behind Envoy's authorization protocol: its engine, from its module, on grpc-go and Envoy's own messages.
//
//	opa LISTEN POLICY QUERY
//
// OPA's Envoy plugin does the same and more, but is not to be had as a module everywhere. What the decision may
// say, and how, is that of the plugin: allowed, headers, http_status, body, request_headers_to_remove,
// response_headers_to_add.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"slices"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/open-policy-agent/opa/v1/rego"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
)

// decision is what a policy says.
type decision struct {
	Allowed               bool              `json:"allowed"`
	Headers               map[string]string `json:"headers"`
	HTTPStatus            int32             `json:"http_status"`
	Body                  string            `json:"body"`
	RequestHeadersRemoved []string          `json:"request_headers_to_remove"`
	ResponseHeadersAdded  map[string]string `json:"response_headers_to_add"`
}

type server struct {
	auth.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
}

// Check asks the policy. Where it says nothing, or what is no decision, the call fails.
func (s server) Check(ctx context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	text, err := protojson.Marshal(request)
	if err != nil {
		return nil, err
	}
	var input any
	if err := json.Unmarshal(text, &input); err != nil {
		return nil, err
	}
	results, err := s.query.Eval(ctx, rego.EvalInput(input))
	if err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, errors.New("the policy says nothing")
	}
	said, err := json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		return nil, err
	}
	decided := decision{HTTPStatus: 403}
	if err := json.Unmarshal(said, &decided); err != nil {
		return nil, err
	}
	return decided.response(), nil
}

func (d decision) response() *auth.CheckResponse {
	if d.Allowed {
		return &auth.CheckResponse{
			Status: &status.Status{Code: int32(codes.OK)},
			HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{
				Headers:              options(d.Headers),
				HeadersToRemove:      d.RequestHeadersRemoved,
				ResponseHeadersToAdd: options(d.ResponseHeadersAdded),
			}},
		}
	}
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{
			Status:  &kind.HttpStatus{Code: kind.StatusCode(d.HTTPStatus)},
			Headers: options(d.Headers),
			Body:    d.Body,
		}},
	}
}

func options(headers map[string]string) []*core.HeaderValueOption {
	var all []*core.HeaderValueOption
	for name, value := range headers {
		all = append(all, &core.HeaderValueOption{Header: &core.HeaderValue{Key: name, Value: value}})
	}
	slices.SortFunc(all, func(a, b *core.HeaderValueOption) int {
		return slices.Compare([]byte(a.Header.Key), []byte(b.Header.Key))
	})
	return all
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: opa LISTEN POLICY QUERY")
	}
	policy := rego.New(rego.Query(os.Args[3]), rego.Load([]string{os.Args[2]}, nil))
	query, err := policy.PrepareForEval(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	all := grpc.NewServer()
	auth.RegisterAuthorizationServer(all, server{query: query})
	fmt.Println("listening on", listener.Addr())
	log.Fatal(all.Serve(listener))
}

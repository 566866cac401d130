# Who may call the demo, for OPA's Envoy plugin: something of all that a decision can say. docs/security.md has
# what most policies need.
package transom

request := input.attributes.request.http

caller := request.headers["x-caller"]

default decision := {"allowed": false}

# Of this service only reading is open, to whoever says a name.
decision := {
	"allowed": true,
	"headers": {"x-user": caller, "x-caller": "told by OPA"},
	"request_headers_to_remove": ["x-secret"],
	# What the gateway does not look at changes nothing.
	"dynamic_metadata": {"tier": "gold"},
	"query_parameters_to_remove": ["headers"],
	"response_headers_to_add": {"x-decided-for": input.attributes.contextExtensions.protocol},
} if {
	request.method == "POST"
	request.path in {"/demo.echo.v1.EchoService/Metadata", "/demo.echo.v1.EchoService/Get"}
	input.attributes.contextExtensions.gateway == "edge"
	not caller in (object.keys(answers) | {"forger"})
}

# A caller of these names gets an answer of its own.
answers := {
	"nobody": {"http_status": 401, "headers": {"www-authenticate": "Bearer"}, "body": "say who you are"},
	"lost": {"http_status": 404, "body": "there is no such thing"},
	"hasty": {"http_status": 429, "headers": {"retry-after": "7"}, "body": "later"},
	"early": {"http_status": 503, "body": "not yet"},
	"poor": {"http_status": 402, "headers": {"x-plan": "free"}, "body": "not in this plan"},
	"silent": {},
}

decision := object.union({"allowed": false}, answers[caller])

# What an answer may not name: then none of it counts, and the call is refused.
decision := {"allowed": true, "headers": {"grpc-timeout": "1H"}} if caller == "forger"

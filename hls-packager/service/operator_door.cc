#include "service/operator_door.h"

#include <string_view>

#include "service/answers.h"

namespace fanlight::packager {
namespace {

// No page of another origin may read it: a browser of the operator's may reach what its sites may not.
HttpResponse answer(std::uint16_t status, std::string_view type, SharedBytes text) {
  HttpResponse response{.status = status};
  response.fields = {{"content-type", std::string(type)}, {"cache-control", "no-store"}};
  response.body = {.pieces = {text}, .size = text.size()};
  return response;
}

HttpResponse answer(std::uint16_t status, std::string_view text) {
  return answer(status, "text/plain; charset=utf-8", SharedBytes::copy_of(text));
}

}  // namespace

Result<std::unique_ptr<OperatorDoor>> OperatorDoor::open(const Server::Options& like,
                                                         const std::vector<std::string>& listen, ToldTexts& texts,
                                                         const StreamBoard& board) {
  Server::Options options = like;
  options.listen = listen;
  options.listen_tls.clear();
  options.admission = std::make_shared<Admission>(
      Admission::Limits{.connections_max = kConnectionsMax, .connections_per_address_max = kConnectionsMax});
  Result<std::unique_ptr<Server>> server = Server::open(options);
  if (!server) return server.error();
  return std::unique_ptr<OperatorDoor>(new OperatorDoor(std::move(*server), texts, board));
}

void OperatorDoor::handle(HttpRequestId id, const HttpRequest& request) {
  const bool is_asked = request.method != HttpMethod::kOptions;
  if (is_asked && request.path == "/metrics")
    return server_->respond(id, answer(200, kMetricsContentType, texts_.metrics(request.arrived)));
  if (is_asked && request.path == "/healthz") {
    const Health health = health_of(board_.age(request.arrived));
    return server_->respond(id, answer(health.status, health.text));
  }
  server_->respond(id, answer(404, "here are /metrics and /healthz\n"));
}

}  // namespace fanlight::packager

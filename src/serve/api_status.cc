// GET /api/v1/status: the sources in words, the tables in numbers.
#include "serve/render.h"
#include "serve/routes.h"

namespace cryptostream {

WebReply HandleStatus(RouteCall&& call) { return JsonReply(RenderStatus(call.state)); }

}  // namespace cryptostream

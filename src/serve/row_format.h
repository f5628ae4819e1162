#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/web_message.h"
#include "serve/json_writer.h"
#include "serve/params.h"

namespace cryptostream {

// The forms in which an answer's rows are sent. All of them are made from the same Arrow columns.
enum class RowForm {
  kObjects,  // JSON, an object a row, times in RFC 3339
  kColumns,  // JSON, an array a column, times in milliseconds since 1970
  kCsv,      // RFC 4180 with a header, null empty, a struct as one column a field
  kArrow,    // an Arrow IPC stream
  kParquet,
};

// The parameter `format` of a route that sends rows.
ParamSpec FormatParam();
// The form that is asked for: by `format=`, else by the header Accept, else objects. Errors: Invalid (no such format).
Result<RowForm> ChooseForm(const Params& params, std::string_view accept);
// "json", "columns", "csv", "arrow", "parquet".
std::string_view FormName(RowForm form);
// The content types that rows may come in, application/json first.
std::vector<std::string> RowTypes();

// Writes the rows as one array of objects.
void WriteObjects(JsonWriter& json, const arrow::Table& rows);
// The rows in a form that is not kObjects: those stand in an envelope of their route. The schema's metadata goes along where the form
// has a place for it. Errors: Internal.
Result<WebReply> RowsReply(const arrow::Table& rows, RowForm form);
// What depends on the form that a client asked for: to be added to every answer with rows, so that caches keep them apart.
void MarkForm(WebReply& reply, RowForm form);

// JSON Schema of such an object, and of the columns.
std::string ObjectSchema(const arrow::Schema& schema);
std::string ColumnsSchema(const arrow::Schema& schema);

}  // namespace cryptostream

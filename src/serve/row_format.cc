// Rows in the forms that clients ask for. In: Arrow columns. Out: bytes. Every form is written from the columns' own types, so a
// new column is in all of them at once. CSV and JSON are written here and not by Arrow's writers: these have no nested columns, and
// times would not look as everywhere else.
#include "serve/row_format.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <array>

#include "serve/row_text.h"

namespace cryptostream {
namespace {

struct Form {
  RowForm form;
  std::string_view name, type;
};
constexpr std::array<Form, 5> kForms{{{RowForm::kObjects, "json", "application/json"},
                                      {RowForm::kColumns, "columns", "application/json"},
                                      {RowForm::kCsv, "csv", "text/csv"},
                                      {RowForm::kArrow, "arrow", "application/vnd.apache.arrow.stream"},
                                      {RowForm::kParquet, "parquet", "application/vnd.apache.parquet"}}};

const Form& FormOf(RowForm form) { return kForms[static_cast<std::size_t>(form)]; }

std::string_view Strip(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Takes what stands before `separator` off the text.
std::string_view NextPart(std::string_view& text, char separator) {
  std::size_t at = text.find(separator);
  std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return Strip(part);
}

// "q=0.8" of a media range in thousandths; 1000 where there is none.
int QualityOf(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view part = NextPart(parameters, ';');
    if (!part.starts_with("q=") && !part.starts_with("Q=")) continue;
    std::string digits(part.substr(2));
    if (digits.starts_with('1')) return 1000;
    digits = digits.size() > 2 && digits.starts_with("0.") ? digits.substr(2, 3) : "";
    digits.resize(3, '0');
    return digits.find_first_not_of("0123456789") == std::string::npos ? std::stoi(digits) : 0;
  }
  return 1000;
}

bool Covers(std::string_view range, std::string_view type) {
  if (range == "*/*") return true;
  if (range.ends_with("/*")) return type.starts_with(range.substr(0, range.size() - 1));
  return range == type;
}

// The form that the client likes best; of equals the first of ours. What nothing of ours suits is answered in JSON all the same: a client
// that says what it cannot read is helped by no other answer.
RowForm FormOfAccept(std::string_view accept) {
  std::array<std::pair<int, int>, kForms.size()> best{};  // of each form: how closely it was named, and its quality
  while (!accept.empty()) {
    std::string_view parameters = NextPart(accept, ',');
    std::string_view range = NextPart(parameters, ';');
    int closeness = range == "*/*" ? 1 : range.ends_with("/*") ? 2 : 3;
    for (std::size_t i = 0; i < kForms.size(); ++i) {
      if (Covers(range, kForms[i].type) && closeness > best[i].first) best[i] = {closeness, QualityOf(parameters)};
    }
  }
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < kForms.size(); ++i) {
    if (best[i].second > best[chosen].second) chosen = i;
  }
  return kForms[chosen].form;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ToStream(const arrow::Table& rows) {
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(out, rows.schema()));
  ARROW_RETURN_NOT_OK(writer->WriteTable(rows));
  ARROW_RETURN_NOT_OK(writer->Close());
  return out->Finish();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ToParquet(const arrow::Table& rows) {
  constexpr std::int64_t kRowsOfGroup = 1 << 20;
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  auto properties = parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
  auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ARROW_RETURN_NOT_OK(
      parquet::arrow::WriteTable(rows, arrow::default_memory_pool(), out, kRowsOfGroup, properties, arrow_properties));
  return out->Finish();
}

void SetBuffer(WebReply& reply, std::shared_ptr<arrow::Buffer> buffer) {
  reply.body = {reinterpret_cast<const char*>(buffer->data()), static_cast<std::size_t>(buffer->size())};
  reply.owner = std::move(buffer);
}

}  // namespace

ParamSpec FormatParam() {
  return {"format", "Form of the rows; the header Accept chooses where this does not",
          R"({"type":"string","enum":["json","columns","csv","arrow","parquet"]})", false, "json"};
}

Result<RowForm> ChooseForm(const Params& params, std::string_view accept) {
  auto asked = params.find("format");
  if (asked == params.end()) return FormOfAccept(accept);
  for (const Form& form : kForms) {
    if (form.name == asked->second) return form.form;
  }
  return Invalid("bad value: format, must be one of json, columns, csv, arrow, parquet");
}

std::string_view FormName(RowForm form) { return FormOf(form).name; }

std::vector<std::string> RowTypes() {
  std::vector<std::string> types;
  for (const Form& form : kForms) {
    if (form.form != RowForm::kColumns) types.emplace_back(form.type);
  }
  return types;
}

Result<WebReply> RowsReply(const arrow::Table& rows, RowForm form) {
  WebReply reply;
  reply.content_type = FormOf(form).type;
  reply.headers.emplace_back("Cache-Control", "no-cache");
  if (form == RowForm::kColumns) reply.SetBody(ColumnsText(rows));
  if (form == RowForm::kCsv) {
    reply.content_type += "; charset=utf-8; header=present";
    reply.SetBody(CsvText(rows));
  }
  if (form == RowForm::kArrow || form == RowForm::kParquet) {
    auto bytes = form == RowForm::kArrow ? ToStream(rows) : ToParquet(rows);
    if (!bytes.ok()) return Internal("cannot write rows: reason=" + bytes.status().ToString());
    SetBuffer(reply, *std::move(bytes));
  }
  return reply;
}

void MarkForm(WebReply& reply, RowForm form) {
  reply.headers.emplace_back("Vary", "Accept");
  if (!reply.etag.empty() && form != RowForm::kObjects)
    reply.etag.insert(reply.etag.size() - 1, "-" + std::string(FormName(form)));
}

}  // namespace cryptostream

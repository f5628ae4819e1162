// What a commit asks for, checked and put into the words of the shim.
#include "delta/commit_request.h"

#include <arrow/type.h>

namespace cryptostream::delta_internal {
namespace {

shim::Operation ToShim(CommitKind kind) {
  switch (kind) {
    case CommitKind::kAppend: return shim::Operation::Append;
    case CommitKind::kReplace: return shim::Operation::Replace;
    case CommitKind::kOptimize: return shim::Operation::Optimize;
    case CommitKind::kDelete: return shim::Operation::Delete;
    case CommitKind::kDescribe: return shim::Operation::Describe;
  }
  return shim::Operation::Append;
}

Status CheckRequest(const CommitRequest& request) {
  if (request.batch_id.empty()) return Invalid("commit has no batch id");
  if (request.kind == CommitKind::kAppend && !request.removes.empty()) return Invalid("an append removes no files");
  if (request.kind == CommitKind::kDelete && !request.adds.empty()) return Invalid("a deletion adds no files");
  bool describes = request.add_columns || !request.properties.empty();
  if (describes != (request.kind == CommitKind::kDescribe)) return Invalid("columns and properties have a commit of their own");
  if (describes && !(request.adds.empty() && request.removes.empty())) return Invalid("a description has no files");
  if (request.adds.empty() && request.removes.empty() && request.txns.empty() && !describes) return Invalid("commit is empty");
  return {};
}

}  // namespace

Result<shim::Request> MakeRequest(const CommitRequest& request) {
  CS_TRY(CheckRequest(request));
  shim::Request out{};
  out.operation = ToShim(request.kind);
  out.engine_info = kEngineInfo;
  for (const DataFile& file : request.adds) out.adds.push_back(AddJson(file));
  for (const auto& [app_id, version] : request.txns) out.txns.push_back({app_id, version});
  out.parameters.push_back({kBatchId, request.batch_id});
  if (!request.operation.empty()) out.parameters.push_back({kOperation, request.operation});
  for (const auto& [key, value] : request.commit_info) out.parameters.push_back({key, value});
  for (const auto& field : request.add_columns ? request.add_columns->fields() : arrow::FieldVector()) {
    CS_ASSIGN(std::string type, DeltaType(*field->type()));
    out.columns.push_back({field->name(), std::move(type)});
  }
  for (const auto& [key, value] : request.properties) out.properties.push_back({key, value});
  return out;
}

}  // namespace cryptostream::delta_internal

// Columns of names as dictionaries. In: the names of rows. Out: Arrow arrays that Parquet's writer takes as they are.
#include "market/name_column.h"

namespace cryptostream {

const std::shared_ptr<arrow::DataType>& NameType() {
  static const std::shared_ptr<arrow::DataType> type = arrow::dictionary(arrow::int32(), arrow::utf8());
  return type;
}

arrow::Status NameDictionary::Finish() {
  arrow::StringBuilder builder;
  for (Name name : names_) ARROW_RETURN_NOT_OK(builder.Append(name.str()));
  return builder.Finish(&texts_);
}

}  // namespace cryptostream

// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "clients/cli/errors.h"
#include "tests/clients/temporary_file.h"
#include "tests/support/status_matchers.h"

namespace insightloop::cli {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Read {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // good ones
  std::vector<std::string> problems;           // `row: why`
  std::int64_t last_number = 0;
  absl::Status status;
};

Read ReadFile(const std::string& path) {
  Read read;
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) {
    read.status = reader.status();
    return read;
  }
  read.columns = (*reader)->columns();
  CsvRow row;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(row);
    read.status = more.status();
    if (!more.ok() || !*more) return read;
    read.last_number = row.number;
    if (row.problem.empty()) {
      read.rows.emplace_back(row.cells.begin(), row.cells.end());
    } else {
      read.problems.push_back(std::to_string(row.number) + ": " + row.problem);
    }
  }
}

Read ReadText(std::string_view text, const std::string& name = "rows.csv") {
  const TemporaryFile file(text, name);
  return ReadFile(file.path());
}

TEST(CsvReaderTest, ReadsRowsUnderTheirHeader) {
  const Read read = ReadText("unit,visit\nu-1,1\nu-2,0\n");
  EXPECT_THAT(read.columns, ElementsAre("unit", "visit"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("u-1", "1"), ElementsAre("u-2", "0")));
  EXPECT_EQ(read.last_number, 3);
}

TEST(CsvReaderTest, SkipsAByteOrderMark) {
  EXPECT_THAT(ReadText("\xEF\xBB\xBFunit,visit\nu-1,1\n").columns, ElementsAre("unit", "visit"));
}

TEST(CsvReaderTest, TakesWindowsLineEndsAndALastLineWithoutEnd) {
  const Read read = ReadText("a,b\r\n1,2\r\n3,4");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "4")));
  EXPECT_EQ(read.last_number, 3);
}

TEST(CsvReaderTest, TakesQuotedCommasQuotesAndLineEnds) {
  const Read read = ReadText("band,note\n\"6) $750 - $1,000\",\"two\nlines and \"\"quotes\"\"\"\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("6) $750 - $1,000", "two\nlines and \"quotes\"")));
  EXPECT_EQ(read.last_number, 2);
}

TEST(CsvReaderTest, ReadsGzip) {
  EXPECT_THAT(ReadText("a,b\n1,2\n", "rows.csv.gz").rows, ElementsAre(ElementsAre("1", "2")));
}

TEST(CsvReaderTest, TellsOfAGzipFileThatIsCutShort) {
  const TemporaryFile whole("a,b\n" + std::string(200'000, '1') + ",2\n", "rows.csv.gz");
  std::ifstream in(whole.path(), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const TemporaryFile cut(bytes.substr(0, bytes.size() - 20), "rows.csv");
  EXPECT_THAT(ReadFile(cut.path()).status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cannot read on")));
}

TEST(CsvReaderTest, ReportsBadRowsByNumberAndReadsOn) {
  const Read read = ReadText("a,b\n1,2\n3\n4,5,6\nCaf\xE9,7\n8,9\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("8", "9")));
  EXPECT_THAT(read.problems,
              ElementsAre("3: the row has 1 cells, the header 2",
                          "4: the row has 3 cells, the header 2", "5: the row is not valid UTF-8"));
}

TEST(CsvReaderTest, EndsAtAQuoteThatIsNeverClosed) {
  const Read read = ReadText("a,b\n1,2\n3,\"4\n5,6\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "2")));
  EXPECT_THAT(read.problems, ElementsAre("3: a quote is opened and never closed"));
}

TEST(CsvReaderTest, RefusesACellBeyondOneMebibyte) {
  const Read read = ReadText("a,b\n1,\"" + std::string(2 << 20, 'x') + "\"\n");
  EXPECT_THAT(read.problems, ElementsAre(HasSubstr("larger than 1 MiB")));
}

TEST(CsvReaderTest, KeepsRowsWholeAcrossReads) {
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",value " + std::to_string(i) + "\n";
  const Read read = ReadText(text);
  ASSERT_EQ(read.rows.size(), 50'000U);
  for (std::size_t i = 0; i < read.rows.size(); ++i) {
    const std::string number = std::to_string(i);
    ASSERT_THAT(read.rows[i], ElementsAre(number, "value " + number));
  }
}

TEST(CsvReaderTest, FindsColumnsWithoutRegardToCaseAndBlanks) {
  const TemporaryFile file("RESPNUM,\"NETPRO  \",Q9All\n");
  const auto reader = CsvReader::Open(file.path());
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->Column("netpro"), IsOkAndHolds(1U));
  EXPECT_THAT((*reader)->Column(" Q9ALL "), IsOkAndHolds(2U));
}

TEST(CsvReaderTest, NamesAMissingColumnAndListsWhatThereIs) {
  const TemporaryFile file("visit,spend\n");
  const auto reader = CsvReader::Open(file.path());
  ASSERT_THAT(reader, IsOk());
  const auto column = (*reader)->Column("vist");
  ASSERT_THAT(column, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no column 'vist'")));
  EXPECT_EQ(TakeApart(column.status()).remedy, "Did you mean 'visit'? It has: visit, spend.");
}

TEST(CsvReaderTest, MindsDuplicateColumnsOnlyWhenOneIsUsed) {
  const TemporaryFile file("a,b,A\n1,2,3\n");
  const auto reader = CsvReader::Open(file.path());
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->Column("b"), IsOkAndHolds(1U));
  EXPECT_THAT((*reader)->Column("a"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than one column")));
}

TEST(CsvReaderTest, SaysWhatIsWrongWithAFileThatCannotBeRead) {
  EXPECT_THAT(CsvReader::Open("/no/such/file.csv").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/file.csv")));
  EXPECT_THAT(CsvReader::Open("/tmp").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("folder")));
  EXPECT_THAT(ReadText("").status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is empty")));
}

}  // namespace
}  // namespace insightloop::cli

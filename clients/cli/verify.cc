// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/verify.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "clients/cli/connection.h"
#include "clients/cli/errors.h"
#include "clients/cli/fields.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

constexpr char kPath[] = "/insightloop.v1.ServerService/VerifyDatabase";
// Every row is read several times; a large database takes minutes.
constexpr std::chrono::hours kPatience(6);

struct VerifyArguments {
  std::string database;
  std::string experiment;
};

// A server that is ready. One on a file of a simulated clock says that it needs one.
absl::StatusOr<std::unique_ptr<Connection>> Connect(Where where) {
  while (true) {
    auto connection = Connection::Open(where);
    if (!connection.ok()) return connection.status();
    const absl::Status ready = (*connection)->Ready();
    if (ready.ok()) return connection;
    const bool needs_simulated_clock =
        TakeApart(ready).remedy.find("was made with a simulated clock") != std::string::npos;
    if (where.simulated_clock || !needs_simulated_clock) return ready;
    where.simulated_clock = true;
  }
}

absl::StatusOr<int> Verify(const VerifyArguments& arguments, bool timeout_given,
                           const Context& context) {
  Where where = context.where;
  if (!arguments.database.empty()) {
    if (context.server_given) {
      return UsageError("--db names a file, and --server or --local another place",
                        "Give one of them.");
    }
    // A server would make it.
    std::error_code error;
    if (!std::filesystem::is_regular_file(arguments.database, error)) {
      return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE",
                       Join({"there is no file '", arguments.database, "'"}));
    }
    where.local = arguments.database;
  }
  if (!timeout_given) where.timeout = kPatience;
  const auto connection = Connect(where);
  if (!connection.ok()) return connection.status();
  v1::VerifyDatabaseRequest request;
  if (!arguments.experiment.empty()) {
    request.set_experiment(FullName("experiments/{id}", arguments.experiment));
  }
  v1::VerifyDatabaseResponse response;
  absl::Status called = (*connection)->caller().Call(kPath, request, response);
  if (!called.ok()) return (*connection)->Explain(std::move(called));
  *context.terminal.out << (context.terminal.json ? ToJson(response)
                                                  : RenderChecks(response, context.terminal));
  const bool failed = std::any_of(
      response.checks().begin(), response.checks().end(),
      [](const v1::DatabaseCheck& check) { return check.status() == v1::DatabaseCheck::FAIL; });
  return failed ? kExitInternal : kExitOk;
}

}  // namespace

std::string RenderChecks(const v1::VerifyDatabaseResponse& response, const Terminal& terminal) {
  Table table({{"CHECK"}, {"STATUS"}, {"ROWS", Table::Align::kRight}, {"EXPERIMENT"}});
  std::string details;
  int failed = 0;
  int warned = 0;
  for (const v1::DatabaseCheck& check : response.checks()) {
    const std::string& name = v1::DatabaseCheck::Check_Name(check.check());
    const std::string& status = v1::DatabaseCheck::Status_Name(check.status());
    table.AddRow({name, status, std::to_string(check.rows()), check.experiment()});
    if (!check.detail().empty()) {
      const std::string about = check.experiment().empty() ? "" : Join({" ", check.experiment()});
      details += Join({status, " ", name, about, ": ", Printable(check.detail()), ".\n"});
    }
    failed += check.status() == v1::DatabaseCheck::FAIL ? 1 : 0;
    warned += check.status() == v1::DatabaseCheck::WARN ? 1 : 0;
  }
  std::string text = table.Render(terminal.ColorOut());
  if (!details.empty()) text += Join({"\n", details});
  const std::string of_all = Join({" of ", std::to_string(response.checks_size()), " checks"});
  if (failed > 0) {
    text += Join({"\n", std::to_string(failed), of_all,
                  " failed: restore a backup, or ask for help "
                  "before anything else is written.\n"});
  } else if (warned > 0) {
    text += Join({"\nNothing is wrong; ", std::to_string(warned), of_all, " deserve a look.\n"});
  } else {
    text += "\nNothing is wrong.\n";
  }
  return text;
}

void AddVerifyCommand(CLI::App& app, Context& context, Work& work) {
  CLI::App* const command = app.add_subcommand(
      "verify", Wrapped("Check a database: is it sound, is every fact stored once, are figures "
                        "those of the rows?",
                        62));
  auto arguments = std::make_shared<VerifyArguments>();
  command
      ->add_option(
          "--db", arguments->database,
          Wrapped("A database file that no server uses; without it, that of the server.", 62))
      ->type_name("FILE");
  command
      ->add_option("--experiment", arguments->experiment,
                   Wrapped("Of assignments and figures only those of this one.", 62))
      ->type_name("NAME");
  command->callback([&app, &context, &work, arguments] {
    work = [&app, &context, arguments] {
      return Verify(*arguments, app.count("--timeout") > 0, context);
    };
  });
}

}  // namespace insightloop::cli

// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "clients/cli/analyze.h"
#include "clients/cli/commands.h"
#include "clients/cli/completion.h"
#include "clients/cli/errors.h"
#include "clients/cli/import.h"
#include "clients/cli/interrupt.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "clients/cli/verify.h"

namespace insightloop::cli {
namespace {

constexpr char kMemory[] = ":memory:";

// Texts of the general options before they are checked.
struct General {
  std::string server = kDefaultServer;
  std::string local;
  std::string timeout = "30s";
};

bool LooksLikeDatabase(const std::string& text) {
  return text == kMemory || text.ends_with(".db") || text.ends_with(".sqlite") ||
         text.ends_with(".sqlite3");
}

void AddGeneralOptions(CLI::App& app, General& general, Terminal& terminal) {
  const auto wrapped = [](const char* text) { return Wrapped(text, 62); };
  app.add_option("--server", general.server, "Where the server is.")
      ->type_name("HOST:PORT")
      ->envname("INSIGHTLOOP_SERVER")
      ->capture_default_str();
  app.add_option("--local", general.local,
                 wrapped("Use a private server for this call, on the database FILE (written "
                         "--local=FILE, or --local FILE where FILE ends in .db or .sqlite) or on "
                         "none that is kept."))
      ->type_name("[FILE]");
  app.add_option("--timeout", general.timeout, "Longest wait for an answer, such as 5s or 2m.")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_flag("--json", terminal.json,
               wrapped("One JSON document on standard output, errors as JSON on standard error."));
  app.add_flag("--quiet", terminal.quiet, "No progress and no remarks.");
  app.add_flag("--no-color", terminal.no_color, "No colours; NO_COLOR does the same.");
  app.set_version_flag("--version", "insightloop " INSIGHTLOOP_VERSION);
  app.set_help_flag("-h,--help", "This help.");
}

absl::Status CheckGeneral(const CLI::App& app, const General& general, Context& context) {
  context.where.server = general.server;
  if (!general.server.starts_with("unix:") &&
      (general.server.find(':') == std::string::npos || general.server.ends_with(':'))) {
    return UsageError(Join({"--server '", general.server, "' is not HOST:PORT"}),
                      Join({"For example --server ", kDefaultServer, "."}));
  }
  const bool local = app.count("--local") > 0;
  if (local) context.where.local = general.local.empty() ? kMemory : general.local;
  auto nanos = ParseDurationNanos(general.timeout);
  if (!nanos) nanos = ParseDurationNanos(general.timeout + "s");
  if (!nanos || *nanos < 1'000'000) {
    return UsageError(
        Join({"--timeout '", general.timeout, "' is not a length of time ", kDurationForms}));
  }
  context.where.timeout = std::chrono::milliseconds(*nanos / 1'000'000);
  return absl::OkStatus();
}

// The command that the parser had reached.
const CLI::App* Deepest(const CLI::App* app) {
  for (auto parsed = app->get_subcommands(); !parsed.empty(); parsed = app->get_subcommands()) {
    app = parsed[0];
  }
  return app;
}

std::string PathOf(const CLI::App* app) {
  std::string path;
  for (; app != nullptr; app = app->get_parent()) {
    path = path.empty() ? app->get_name() : Join({app->get_name(), " ", path});
  }
  return path;
}

std::vector<std::string> CommandsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> OptionsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* const option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// What the user most likely did wrong, in our words where we know better than the parser.
absl::Status ExplainParseError(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* const at = Deepest(&app);
  const std::string help = Join({"See `", PathOf(at), " --help`."});
  const std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  const std::vector<std::string> commands = CommandsOf(at);
  const auto with_nearest = [&](const std::string& what, const std::string& typed,
                                const std::vector<std::string>& candidates) {
    const std::string nearest = Nearest(typed, candidates);
    return UsageError(what,
                      nearest.empty() ? help : Join({"Did you mean '", nearest, "'? ", help}));
  };
  for (const std::string& extra : extras) {
    if (extra.starts_with("-") && extra.size() > 1) {
      const std::string name = extra.substr(0, extra.find('='));
      return with_nearest(Join({"there is no option ", name}), name, OptionsOf(at));
    }
    if (!commands.empty()) {
      return with_nearest(Join({"'", extra, "' is not a command of ", PathOf(at)}), extra,
                          commands);
    }
    return UsageError(Join({"'", extra, "' is one argument too many"}), help);
  }
  if (!commands.empty()) {
    return UsageError(Join({PathOf(at), " needs a command"}),
                      Join({"One of: ", JoinList(commands, ", "), ". ", help}));
  }
  return UsageError(error.what(), help);
}

int Tell(const absl::Status& status, const Terminal& terminal) {
  terminal.out->flush();
  *terminal.err << (terminal.json ? ErrorJson(status) : ErrorText(status)) << std::flush;
  return ExitCodeOf(status);
}

void AddCompletion(CLI::App& app, const Context& context, Work& work) {
  CLI::App* const command =
      app.add_subcommand("completion", "Print a completion script for bash, zsh or fish.");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "One of: bash, zsh, fish.")->required()->type_name("");
  command->callback([&app, &context, &work, shell] {
    work = [&app, &context, shell]() -> absl::StatusOr<int> {
      absl::StatusOr<std::string> script = CompletionScript(app, *shell);
      if (!script.ok()) return script.status();
      *context.terminal.out << *script;
      return kExitOk;
    };
  });
}

}  // namespace

std::vector<std::string> Normalized(const std::vector<std::string>& arguments) {
  std::vector<std::string> normalized;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      normalized.insert(normalized.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i),
                        arguments.end());
      break;
    }
    if (argument == "--local" || argument == "--local=") {
      normalized.emplace_back("--local");
      const bool named = i + 1 < arguments.size() && LooksLikeDatabase(arguments[i + 1]);
      normalized.push_back(named ? arguments[++i] : kMemory);
    } else if (argument.starts_with("--") && argument.size() > 3 &&
               argument.find('=') == argument.size() - 1) {
      normalized.push_back(argument.substr(0, argument.size() - 1));
      normalized.emplace_back();
    } else {
      normalized.push_back(argument);
    }
  }
  return normalized;
}

int RunApp(std::vector<std::string> arguments, Terminal terminal) {
  arguments = Normalized(arguments);
  Context context{.terminal = terminal};
  for (const std::string& argument : arguments) {
    context.server_given = context.server_given || argument == "--local" ||
                           argument == "--server" || argument.starts_with("--server=") ||
                           argument.starts_with("--local=");
  }
  General general;
  Work work;
  CLI::App app("A/B experimentation and measurement for campaigns.", "insightloop");
  app.get_formatter()->column_width(34);
  app.option_defaults()->always_capture_default(false);
  AddGeneralOptions(app, general, context.terminal);
  app.require_subcommand(1);
  app.fallthrough();  // general options may stand anywhere
  AddAnalyzeCommand(app, context, work);
  AddImportCommands(app, context, work);
  AddVerifyCommand(app, context, work);
  AddContractCommands(app, context, work);
  AddCompletion(app, context, work);
  app.footer(std::string(ExitCodeHelp()));  // last, or every command would inherit it

  // Errors of parsing are told as JSON too, wherever the flag stands.
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  try {
    // The parser takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    *context.terminal.out << app.help();
    return kExitOk;
  } catch (const CLI::CallForVersion& version) {
    *context.terminal.out << version.what() << "\n";
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    context.terminal.json = json;
    return Tell(ExplainParseError(app, error), context.terminal);
  }
  const absl::Status checked = CheckGeneral(app, general, context);
  if (!checked.ok()) return Tell(checked, context.terminal);
  absl::StatusOr<int> done = work();
  if (Interrupted() && !done.ok()) done = InterruptedError();
  if (!done.ok()) return Tell(done.status(), context.terminal);
  context.terminal.out->flush();
  return *done;
}

}  // namespace insightloop::cli

// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/completion.h"

#include <vector>

#include "clients/cli/errors.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

struct Word {
  std::string text;  // a command, or an option with its dashes
  std::string help;
  bool takes_value = false;
  std::vector<std::string> choices;
};

// A place in the tree: `/insights/create` and what may stand there.
struct Place {
  std::string path;
  std::vector<Word> commands;
  std::vector<Word> options;
};

// The choices of an enum stand at the end of its help: `One of: a, b.`.
std::vector<std::string> ChoicesIn(std::string help) {
  for (char& c : help) c = c == '\n' ? ' ' : c;
  std::vector<std::string> choices;
  const std::size_t start = help.find("One of: ");
  if (start == std::string::npos) return choices;
  const std::size_t end = help.find('.', start);
  std::string_view list = std::string_view(help).substr(start + 8, end - start - 8);
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    choices.emplace_back(Trimmed(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return choices;
}

std::string FirstLine(const std::string& help) { return help.substr(0, help.find('\n')); }

void AddOptions(const CLI::App& app, Place& place) {
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      place.options.push_back({"--" + name, FirstLine(option->get_description()),
                               option->get_expected_max() > 0 && option->get_type_size() != 0,
                               ChoicesIn(option->get_description())});
    }
  }
}

void AddPlaces(const CLI::App& root, const CLI::App& app, const std::string& path,
               std::vector<Place>& places) {
  Place place{.path = path};
  AddOptions(app, place);
  if (&app != &root) AddOptions(root, place);  // the general options go everywhere
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* const command : commands) {
    place.commands.push_back({command->get_name(), FirstLine(command->get_description())});
  }
  places.push_back(std::move(place));
  for (const CLI::App* const command : commands) {
    AddPlaces(root, *command, Join({path, "/", command->get_name()}), places);
  }
}

std::string WordsOf(const Place& place) {
  std::string words;
  const auto add = [&](const std::string& word) { words += words.empty() ? word : " " + word; };
  for (const Word& command : place.commands) add(command.text);
  for (const Word& option : place.options) add(option.text);
  return words;
}

// bash and zsh share their cases: where we are, then what may stand there.
std::string PlaceCases(const std::vector<Place>& places) {
  std::string cases;
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    cases += Join({"      '", place.path, "') place='", place.path, "' ;;\n"});
  }
  return cases;
}

std::string ValueCases(const std::vector<Place>& places) {
  std::string cases;
  for (const Place& place : places) {
    for (const Word& option : place.options) {
      if (option.choices.empty()) continue;
      cases += Join({"    '", place.path, " ", option.text, "') offered='",
                     JoinList(option.choices, " "), "' ;;\n"});
    }
  }
  return cases;
}

std::string WordCases(const std::vector<Place>& places) {
  std::string cases;
  for (const Place& place : places) {
    cases += Join({"        '", place.path, "') offered='", WordsOf(place), "' ;;\n"});
  }
  return cases;
}

std::string Bash(const std::vector<Place>& places) {
  return Join(
      {"# bash completion of insightloop; load it with: "
       "source <(insightloop completion bash)\n"
       "_insightloop() {\n"
       "  local place='' offered='' i\n"
       "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
       "    case \"$place/${COMP_WORDS[i]}\" in\n",
       PlaceCases(places),
       "    esac\n"
       "  done\n"
       "  case \"$place ${COMP_WORDS[COMP_CWORD-1]}\" in\n",
       ValueCases(places),
       "    *)\n"
       "      case \"$place\" in\n",
       WordCases(places),
       "      esac ;;\n"
       "  esac\n"
       "  COMPREPLY=($(compgen -W \"$offered\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
       "}\n"
       "complete -o default -F _insightloop insightloop\n"});
}

std::string Zsh(const std::vector<Place>& places) {
  return Join(
      {"#compdef insightloop\n"
       "# zsh completion of insightloop; load it with: "
       "source <(insightloop completion zsh)\n"
       "_insightloop() {\n"
       "  local place='' offered='' word\n"
       "  for word in ${words[2,CURRENT-1]}; do\n"
       "    case \"$place/$word\" in\n",
       PlaceCases(places),
       "    esac\n"
       "  done\n"
       "  case \"$place ${words[CURRENT-1]}\" in\n",
       ValueCases(places),
       "    *)\n"
       "      case \"$place\" in\n",
       WordCases(places),
       "      esac ;;\n"
       "  esac\n"
       "  compadd -- ${=offered}\n"
       "  _files\n"
       "}\n"
       "compdef _insightloop insightloop\n"});
}

// Inside single quotes of fish only backslash and the quote itself are special.
std::string FishQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Fish(const std::vector<Place>& places) {
  std::string script =
      "# fish completion of insightloop; load it with: insightloop completion fish | source\n"
      "set -g __insightloop_places";
  for (const Place& place : places) {
    if (!place.path.empty()) script += " " + place.path;
  }
  script +=
      "\n"
      "function __insightloop_at\n"
      "  set -l place ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if contains -- \"$place/$word\" $__insightloop_places\n"
      "      set place \"$place/$word\"\n"
      "    end\n"
      "  end\n"
      "  test \"$place\" = \"$argv[1]\"\n"
      "end\n";
  for (const Place& place : places) {
    const std::string at =
        Join({"complete -c insightloop -n '__insightloop_at \"", place.path, "\"'"});
    for (const Word& command : place.commands) {
      script += Join({at, " -f -a ", command.text, " -d ", FishQuoted(command.help), "\n"});
    }
    for (const Word& option : place.options) {
      script += Join({at, " -l ", option.text.substr(2), option.takes_value ? " -r" : "",
                      option.choices.empty()
                          ? ""
                          : Join({" -f -a ", FishQuoted(JoinList(option.choices, " "))}),
                      " -d ", FishQuoted(option.help), "\n"});
    }
  }
  return script;
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(const CLI::App& app, const std::string& shell) {
  std::vector<Place> places;
  AddPlaces(app, app, "", places);
  if (shell == "bash") return Bash(places);
  if (shell == "zsh") return Zsh(places);
  if (shell == "fish") return Fish(places);
  return UsageError(Join({"there is no completion for '", shell, "'"}),
                    "Choose bash, zsh or fish.");
}

}  // namespace insightloop::cli

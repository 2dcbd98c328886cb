// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/commands.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "clients/cli/digest.h"
#include "clients/cli/errors.h"
#include "clients/cli/fields.h"
#include "clients/cli/planning_renderer.h"
#include "clients/cli/record_renderer.h"
#include "clients/cli/required_decision.h"
#include "clients/cli/text.h"
#include "clients/cli/verdict_renderer.h"

namespace insightloop::cli {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

constexpr std::size_t kHelpWidth = 62;

// How a request is spread over the command line.
struct Layout {
  const FieldDescriptor* main = nullptr;  // of the request, or of the resource for an update
  bool main_required = true;
  const FieldDescriptor* resource = nullptr;  // of a create or update: its fields are options too
  bool is_update = false;
  bool takes_file = false;
  std::vector<const FieldDescriptor*> options;           // of the request
  std::vector<const FieldDescriptor*> resource_options;  // of the resource
};

// Whether a request must have it, or the field is the first of several of which one is needed.
bool IsRequired(const FieldDescriptor* field) {
  const pb::OneofDescriptor* const choice = field->real_containing_oneof();
  if (choice == nullptr) return Comment(field).starts_with("Required.");
  return choice->field(0) == field && Comment(choice).starts_with("Required.");
}

Layout LayoutOf(const Method& method) {
  Layout layout;
  const pb::Descriptor* const request = method.rpc->input_type();
  layout.is_update = method.command == "update";
  const bool is_create = method.command == "create";
  for (int i = 0; i < request->field_count(); ++i) {
    const FieldDescriptor* const field = request->field(i);
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if ((is_create || layout.is_update) && layout.resource == nullptr && is_message &&
        !field->is_repeated()) {
      layout.resource = field;
      layout.takes_file = true;
      continue;
    }
    if (is_create && layout.resource != nullptr &&
        field->name() == layout.resource->name() + "_id") {
      layout.main = field;
      layout.main_required = false;
      continue;
    }
    if (!is_create && !layout.is_update && layout.main == nullptr && !field->is_repeated() &&
        IsRequired(field) && !NamePattern(Comment(field)).empty()) {
      layout.main = field;
      layout.main_required = field->real_containing_oneof() == nullptr;
      continue;
    }
    if (is_message && field->is_repeated() && !field->is_map()) layout.takes_file = true;
    layout.options.push_back(field);
  }
  if (layout.resource != nullptr) {
    const pb::Descriptor* const type = layout.resource->message_type();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      if (field->name() == "name") {
        if (layout.is_update) layout.main = field;
      } else if (field->name() == "etag") {
        if (layout.is_update) layout.resource_options.push_back(field);
      } else if (!IsOutputOnly(field)) {
        layout.resource_options.push_back(field);
      }
    }
  }
  return layout;
}

// The top-level fields that a resource's JSON names, those the caller may set.
void AddMaskOfJson(const std::string& json, const pb::Descriptor* type,
                   std::vector<std::string>& mask) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) return;
  for (const auto& item : parsed.items()) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      const bool named = field->json_name() == item.key() || field->name() == item.key();
      if (named && field->name() != "name" && !IsOutputOnly(field)) mask.push_back(field->name());
    }
  }
}

std::string HelpOf(const FieldDescriptor* field) {
  std::string help = Short(Comment(field));
  if (field->name() == "etag") help = "Refuse the change unless the stored etag is this one.";
  if (field->name() == "update_mask") {
    help = "Fields to change, instead of those given here; * means all.";
  }
  const std::vector<std::string> choices = Choices(field);
  if (!choices.empty()) help += Join({" One of: ", JoinList(choices, ", "), "."});
  if (field->is_repeated()) help += " May be repeated.";
  return Wrapped(help, kHelpWidth);
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  if (path == "-") {
    return std::string((std::istreambuf_iterator<char>(std::cin)),
                       std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE",
                     Join({"cannot read the file '", path, "'"}));
  }
  return text;
}

std::int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The token of the next page; empty on the last.
std::string NextPage(const pb::Message& response) {
  const FieldDescriptor* const token = response.GetDescriptor()->FindFieldByName("next_page_token");
  return token == nullptr ? std::string() : response.GetReflection()->GetString(response, token);
}

constexpr char kVerdictType[] = "insightloop.v1.Verdict";

// The generated message for one of the embedded contract.
template <typename Generated>
Generated To(const pb::Message& message) {
  Generated generated;
  generated.ParseFromString(message.SerializeAsString());
  return generated;
}

void PrintForPeople(const Method& method, const pb::Message& request, const pb::Message& response,
                    const Terminal& terminal) {
  std::ostream& out = *terminal.out;
  const pb::Descriptor* const type = response.GetDescriptor();
  if (type->full_name() == kVerdictType) {
    out << RenderVerdict(To<v1::Verdict>(response), {}, terminal.ColorOut());
    return;
  }
  if (type->full_name() == v1::PlanExperimentResponse::descriptor()->full_name()) {
    out << RenderPlanning(To<v1::PlanExperimentResponse>(response), terminal.ColorOut());
    return;
  }
  if (type->field_count() == 0) {
    const FieldDescriptor* const name = request.GetDescriptor()->FindFieldByName("name");
    const std::string what =
        name == nullptr ? "it" : request.GetReflection()->GetString(request, name);
    if (!terminal.quiet)
      out << (method.command == "delete" ? "Deleted " : "Done: ") << what << ".\n";
    return;
  }
  if (method.command == "list") {
    out << RenderList(response, terminal);
    const std::string token = NextPage(response);
    if (!token.empty()) {
      terminal.Note(Join({"There is more: give --all, or --page-token '", token, "'."}));
    }
    return;
  }
  // An answer that brings a verdict along shows it as a verdict.
  const auto rest = std::unique_ptr<pb::Message>(response.New());
  rest->CopyFrom(response);
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated() ||
        field->message_type()->full_name() != kVerdictType ||
        !response.GetReflection()->HasField(response, field)) {
      continue;
    }
    out << RenderVerdict(To<v1::Verdict>(response.GetReflection()->GetMessage(response, field)), {},
                         terminal.ColorOut())
        << "\n";
    rest->GetReflection()->ClearField(rest.get(), field);
  }
  out << RenderRecord(*rest, terminal);
}

bool AnswersVerdict(const Method& method) {
  return method.rpc->output_type()->full_name() == kVerdictType;
}

absl::StatusOr<int> RunMethod(const Method& method, const Typed& typed, bool all_pages,
                              const RequiredDecision& required, const Context& context) {
  if (const absl::Status checked = required.Check(); !checked.ok()) return checked;
  auto request = BuildRequest(method, typed, NowMicros());
  if (!request.ok()) return request.status();
  auto connection = Connection::Open(context.where);
  if (!connection.ok()) return connection.status();
  const absl::Status ready = (*connection)->Ready();
  if (!ready.ok()) return ready;

  const auto response = NewMessage(method.rpc->output_type());
  const auto page = NewMessage(method.rpc->output_type());
  while (true) {
    absl::Status called = (*connection)->caller().Call(method.path, **request, *page);
    if (!called.ok()) return (*connection)->Explain(std::move(called));
    response->MergeFrom(*page);
    const std::string token = NextPage(*page);
    const FieldDescriptor* const next =
        response->GetDescriptor()->FindFieldByName("next_page_token");
    const FieldDescriptor* const from = (*request)->GetDescriptor()->FindFieldByName("page_token");
    if (next != nullptr && token.empty())
      response->GetReflection()->ClearField(response.get(), next);
    if (!all_pages || token.empty() || from == nullptr) break;
    (*request)->GetReflection()->SetString(request->get(), from, token);
  }
  if (context.terminal.json) {
    *context.terminal.out << ToJson(*response);
  } else {
    PrintForPeople(method, **request, *response, context.terminal);
  }
  if (!AnswersVerdict(method)) return kExitOk;
  return required.ExitCodeFor(To<v1::Verdict>(*response).decision(), context.terminal);
}

// Adds an option that collects its texts into `typed`.
void AddFieldOption(CLI::App& app, const FieldDescriptor* field, Typed& typed) {
  const std::string name = Kebab(field->name());
  // A field of the resource wins over one of the request with the same name.
  if (app.get_option_no_throw("--" + name) != nullptr) return;
  std::vector<std::string>& texts = typed.options[name];
  if (IsFlag(field)) {
    app.add_flag(Join({"--", name, ",--no-", name, "{false}"}), texts, HelpOf(field));
    return;
  }
  CLI::Option* const option = app.add_option("--" + name, texts, HelpOf(field));
  // One text each time, so that what follows is not swallowed, and brackets of JSON stay.
  option->allow_extra_args(false)->type_name(ValueName(field));
  if (!field->is_repeated()) option->expected(1);
}

void AddMethod(CLI::App& group, const Method& method, Context& context, Work& work) {
  CLI::App* const app =
      group.add_subcommand(method.command, Wrapped(Short(Comment(method.rpc)), kHelpWidth));
  const Layout layout = LayoutOf(method);
  auto typed = std::make_shared<Typed>();
  auto file = std::make_shared<std::string>();
  auto all_pages = std::make_shared<bool>(false);
  auto required = std::make_shared<RequiredDecision>();
  if (layout.main != nullptr) {
    const bool is_id = layout.main->name().ends_with("_id");
    CLI::Option* const option = app->add_option(
        is_id ? "ID" : "NAME", typed->main,
        is_id ? Wrapped(Short(Comment(layout.main)), kHelpWidth)
              : Wrapped(Join({"Its name, ", WithoutQuotes(NamePattern(Comment(layout.main))),
                              ", or only the last part."}),
                        kHelpWidth));
    option->type_name("");
    if (layout.main_required) option->required();
  }
  for (const FieldDescriptor* const field : layout.resource_options) {
    AddFieldOption(*app, field, *typed);
  }
  for (const FieldDescriptor* const field : layout.options) AddFieldOption(*app, field, *typed);
  if (layout.takes_file) {
    app->add_option("--file", *file,
                    Wrapped(Join({"The whole ", layout.resource != nullptr ? "resource" : "request",
                                  " as JSON from a file, or - for standard input; options given "
                                  "beside it win."}),
                            kHelpWidth))
        ->type_name("FILE|-");
  }
  if (method.command == "list") app->add_flag("--all", *all_pages, "Read all pages.");
  if (AnswersVerdict(method)) required->AddTo(*app);
  app->callback([&context, &work, typed, file, all_pages, required, &method] {
    work = [&context, typed, file, all_pages, required, &method]() -> absl::StatusOr<int> {
      if (!file->empty()) {
        absl::StatusOr<std::string> text = ReadAll(*file);
        if (!text.ok()) return text.status();
        typed->file = *std::move(text);
        if (Trimmed(typed->file).empty()) return UsageError(Join({"'", *file, "' is empty"}));
      }
      return RunMethod(method, *typed, *all_pages, *required, context);
    };
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<pb::Message>> BuildRequest(const Method& method, const Typed& typed,
                                                          std::int64_t now_micros) {
  const Layout layout = LayoutOf(method);
  auto request = NewMessage(method.rpc->input_type());
  const pb::Reflection* const reflection = request->GetReflection();
  pb::Message* const resource = layout.resource == nullptr
                                    ? nullptr
                                    : reflection->MutableMessage(request.get(), layout.resource);
  std::vector<std::string> mask;
  if (!typed.file.empty()) {
    const absl::Status read =
        FromJson(typed.file, "--file", resource != nullptr ? *resource : *request);
    if (!read.ok()) return read;
    if (resource != nullptr) AddMaskOfJson(typed.file, resource->GetDescriptor(), mask);
  }
  const auto texts_of = [&](const FieldDescriptor* field) -> const std::vector<std::string>* {
    const auto found = typed.options.find(Kebab(field->name()));
    return found == typed.options.end() || found->second.empty() ? nullptr : &found->second;
  };
  for (const FieldDescriptor* const field : layout.resource_options) {
    const auto* const texts = texts_of(field);
    if (texts == nullptr) continue;
    const absl::Status set = SetField(*resource, field, *texts, now_micros);
    if (!set.ok()) return set;
    const bool masked = std::find(mask.begin(), mask.end(), field->name()) != mask.end();
    if (!masked && field->name() != "etag") mask.push_back(field->name());
  }
  bool mask_given = false;
  for (const FieldDescriptor* const field : layout.options) {
    const auto* const texts = texts_of(field);
    if (texts == nullptr) continue;
    mask_given = mask_given || field->name() == "update_mask";
    const absl::Status set = SetField(*request, field, *texts, now_micros);
    if (!set.ok()) return set;
  }
  if (layout.main != nullptr && !typed.main.empty()) {
    pb::Message& owner = layout.is_update ? *resource : *request;
    const absl::Status set = SetField(owner, layout.main, {typed.main}, now_micros);
    if (!set.ok()) return set;
  }
  if (layout.is_update && !mask_given) {
    if (mask.empty()) {
      return UsageError("nothing to change is given",
                        "Give the fields to change as options, or a resource with --file.");
    }
    const FieldDescriptor* const field = request->GetDescriptor()->FindFieldByName("update_mask");
    const absl::Status set = SetField(*request, field, {JoinList(mask, ",")}, now_micros);
    if (!set.ok()) return set;
  }
  const FieldDescriptor* const id = request->GetDescriptor()->FindFieldByName("request_id");
  if (id != nullptr && reflection->GetString(*request, id).empty()) {
    reflection->SetString(request.get(), id, RandomUuid());
  }
  return request;
}

void AddContractCommands(CLI::App& app, Context& context, Work& work) {
  for (const Group& group : Groups()) {
    CLI::App* const added =
        app.add_subcommand(group.name, Wrapped(Short(Comment(group.service)), kHelpWidth));
    added->require_subcommand(1);
    for (const Method& method : group.methods) AddMethod(*added, method, context, work);
  }
}

}  // namespace insightloop::cli

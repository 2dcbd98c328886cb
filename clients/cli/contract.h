// SPDX-License-Identifier: Apache-2.0
//
// The contract as the program carries it: descriptors with their comments, and which command each
// RPC becomes. A new resource in the contract is a new group of commands without a line here.

#ifndef INSIGHTLOOP_CLIENTS_CLI_CONTRACT_H_
#define INSIGHTLOOP_CLIENTS_CLI_CONTRACT_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

namespace insightloop::cli {

// An RPC as a command: `insightloop {group} {command}`.
struct Method {
  const google::protobuf::MethodDescriptor* rpc;
  std::string command;  // kebab-case, without the noun: `create`, `get-info`
  std::string path;     // `/insightloop.v1.InsightService/CreateInsight`
};

// A service as a group of commands.
struct Group {
  const google::protobuf::ServiceDescriptor* service;
  std::string name;  // the service's noun, in plural where it can be listed: `insights`, `server`
  std::vector<Method> methods;
};

// Every unary RPC of package insightloop.v1, in the order of names and of the contract.
const std::vector<Group>& Groups();

// An empty message of the embedded contract. `type` must come from it.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor* type);

// The comment of a declaration as one line without backquotes; empty if there is none. `Short` ends
// after the first sentence that says something (`Required.` and the like say too little).
template <typename Descriptor>
std::string Comment(const Descriptor* descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor->GetSourceLocation(&location)) return {};
  std::string text;
  for (const char c : location.leading_comments) {
    if (c == '\n' || c == ' ') {
      if (!text.empty() && text.back() != ' ') text += ' ';
    } else {
      text += c;
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}
std::string WithoutQuotes(std::string comment);
std::string Short(const std::string& comment);

// The pattern of names in a comment, such as `experiments/{e}/verdicts/{v}`; empty if it has none.
std::string NamePattern(const std::string& comment);

// A resource's full name from what was typed: `spring` becomes `experiments/spring` by the pattern
// `experiments/{id}`. What fits no short form is returned as it is, for the server to judge.
std::string FullName(const std::string& pattern, const std::string& typed);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_CONTRACT_H_

// SPDX-License-Identifier: Apache-2.0
//
// Requests to end (Ctrl-C, SIGTERM, SIGHUP): noted, so that the server can be stopped and its
// folder removed before the demo ends.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_INTERRUPT_H_
#define INSIGHTLOOP_CLIENTS_DEMO_INTERRUPT_H_

namespace insightloop::demo {

// Installs the handlers. Call once, from main, before any thread is started.
void InstallInterruptHandlers();

// The signal that asked the demo to end; 0 while none has. Safe from any thread.
int InterruptSignal();

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_INTERRUPT_H_

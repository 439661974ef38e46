// SPDX-License-Identifier: GPL-2.0
/* The shim of rust/net/ once more: each module brings its own. */

#include "../../rust/shim/ancillary.c"
#include "../../rust/shim/busy_poll.c"
#include "../../rust/shim/cred.c"
#include "../../rust/shim/layout.c"
#include "../../rust/shim/memory.c"
#include "../../rust/shim/msg.c"
#include "../../rust/shim/option.c"
#include "../../rust/shim/page.c"
#include "../../rust/shim/pernet.c"
#include "../../rust/shim/proto.c"
#include "../../rust/shim/reuseport.c"
#include "../../rust/shim/skb.c"
#include "../../rust/shim/sock.c"
#include "../../rust/shim/sync.c"
#include "../../rust/shim/wake.c"
#include "../../rust/shim/xarray.c"

/** A clock in a worker: a hidden tab's own timers sleep for up to a minute, and a wall must notice a dead link all the same. */
setInterval(() => postMessage(0), 1000);

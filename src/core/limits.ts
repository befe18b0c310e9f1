/** Every bound of the house, with its unit and what happens there (law 7). The table in ARCHITECTURE.md is made from the comments. */
export const limits = {
  // -- device doors
  /** Bytes of one MQTT packet before CONNECT was accepted: the socket is destroyed. */ preAuthPacketBytes: 4096,
  /** Bytes of one MQTT packet afterwards: the socket is destroyed, audited; the third in 10 min is a device fault. */ packetBytes: 16 * 1024 + 256,
  /** Payload bytes by the protocol; above (to 16 KiB) the first 4 KiB are quarantined and acknowledged. */ payloadBytes: 4096,
  /** Payload bytes above which the connection is closed. */ payloadBytesHard: 16 * 1024,
  /** A socket that sent no complete CONNECT by then is destroyed. */ connectMs: 8_000,
  /** Unauthenticated sockets at once, per address: further ones are destroyed. */ halfOpenPerAddress: 200,
  /** Unauthenticated sockets at once in all: the oldest is destroyed. */ halfOpenTotal: 2_000,
  /** Failed logins of one address in a minute; above, further failed logins are answered after a second. */ failedConnectsPerMinute: 100,
  /** Publishes of one connection waiting for their commit: the socket is not read further. */ inflightPerClient: 64,
  /** A device's keep-alive is granted up to this many seconds. */ keepAliveS: 3_600,
  /** Wait for a commit before a publish is refused without PUBACK and the device resends. */ durableWaitMs: 10_000,
  /** Rows kept of unregistered devices; the oldest go. */ unregisteredRows: 1_000,
  /** Milliseconds of a device's clock before 2020 or this far in the future: absurd, the arrival time counts. */ futureMs: 24 * 3_600_000,
  /** A device time older than this when it arrives is flagged late. */ lateMs: 10 * 60_000,
  /** An id seen again with the same kind within this span is a duplicate. */ duplicateMs: 24 * 3_600_000,
  // -- intake
  /** The urgent batch closes at this age or size. */ urgentBatchMs: 2, urgentBatchRows: 256,
  /** The telemetry batch closes at this age or size. */ telemetryBatchMs: 200, telemetryBatchRows: 2_000,
  /** Telemetry rows waiting: beyond, QoS 0 is shed and counted, QoS 1 waits unacknowledged. */ telemetryQueueRows: 50_000,
  /** One presence update per device in this span. */ presenceMs: 10_000,
  // -- evaluation
  /** Evaluator shards. */ shards: 16,
  /** Events evaluated in one transaction. */ evaluateBatch: 128,
  /** A claim loop looks at least this often (law 2). */ pollMs: 1_000,
  /** Tries of one event before it is set aside as an unreadable alarm. */ evaluateAttempts: 5,
  // -- alert life
  /** A claim without a recorded step ends after this. */ claimStepMs: 120_000,
  /** A console whose beat is older is lost; its claims re-arm. */ consoleLostMs: 45_000,
  /** A new raise on a taken alert restarts the plan after this without a step. */ rearmMs: 60_000,
  /** Arrival expected after an acceptance from the village, and from outside. */ arriveVillageMs: 20 * 60_000, arriveOutsideMs: 45 * 60_000,
  /** An arrived alert that nobody closes rings again after this, and again. */ closeMs: 30 * 60_000,
  /** Calls to one person in 5 minutes (FIELD F6). */ callsPerPerson5Min: 3,
  /** Calls to one person in an hour (the voice gateway's own limit is 5). */ callsPerPersonHour: 5,
  // -- supervision
  /** An edge whose beat is older is down; longer gaps without any edge are blind windows. */ edgeLostMs: 30_000,
  /** Silent devices wait this long for an outage to form before they raise single alerts. */ settleMs: 60_000,
  /** Devices handled in one sweep transaction. */ sweepRows: 5_000,
  /** Mains loss shorter than this is no notice. */ mainsDelayMs: 10 * 60_000,
  // -- sending
  /** One lease on an outbox row. */ sendLeaseMs: 30_000,
  /** One call of the gateway. */ sendMs: 5_000,
  /** No receipt by then: ask the gateway (reconcile). */ receiptMs: 60_000,
  /** Tries of one message on one channel. */ sendAttempts: 3,
  // -- web
  /** Bytes waiting on one websocket: presence is skipped at half, the socket is closed (1013) at the whole. */ socketBufferBytes: 1024 * 1024,
  /** Feed rows replayed before a snapshot is cheaper. */ replayRows: 5_000,
  /** Rows of one list answer. */ pageRows: 500,
  /** Bytes of a request body. */ bodyBytes: 1024 * 1024,
  /** A session without use, and at most. */ sessionIdleMs: 13 * 3_600_000, sessionMs: 24 * 3_600_000,
  // -- processes
  /** A role that did not beat for this long is killed and restarted. */ hungMs: 10_000,
} as const;

        connectTimeout: 45000, // a paused cluster takes half a minute and more to wake,
        acquireTimeout: 45000, // and the pool has a limit of its own, for the greeting

// The stops in another order.

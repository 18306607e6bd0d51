"""Work orders: state machines that tenants design, and clocks on business hours. Pure."""

"""Photos of many clients in; what models say of them and heat maps out, fairly, in bounded memory. No HTTP in it."""

//! SQLite passes the suite.

mcp_store_contract::suite!(Sqlite);

//! What the cases of the contract run in processes of their own. No tool for anybody else.

fn main() {
    mcp_store_contract::processes::main();
}

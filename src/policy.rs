//! stub
#[derive(Debug, Clone, PartialEq)]
pub struct Policy;
pub struct ParseError {
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}
pub fn parse(_: &str) -> Result<Policy, Vec<ParseError>> {
    Ok(Policy)
}

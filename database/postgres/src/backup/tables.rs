//! What there is to copy, read from the catalog: a database that a newer program has expanded is copied whole.

use sqlx::PgConnection;

/// A table, and what is needed to copy it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its name.
    pub name: String,
    /// Its columns in their order, quoted and separated by commas.
    pub columns: String,
    /// What its rows are sorted by: the primary key, text by its bytes.
    pub order: String,
}

/// All tables of the tenant's schema; a table comes after those it refers to, by a foreign key or by a trigger of ours.
pub(super) async fn all(connection: &mut PgConnection) -> Result<Vec<Table>, sqlx::Error> {
    // `levels` counts the longest way along foreign keys; 20 ends it where they should ever form a circle.
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        r#"WITH RECURSIVE base AS (
               SELECT c.oid, c.relname::text AS name FROM pg_class c
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
           ), refers AS (
               SELECT conrelid AS one, confrelid AS other FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
               UNION
               SELECT a.oid, b.oid
               FROM (VALUES ('occupation', 'booking'), ('reminder', 'booking'), ('audit_payload', 'audit')) AS t (one, other)
                   JOIN base a ON a.name = t.one JOIN base b ON b.name = t.other
           ), levels AS (
               SELECT oid, 0 AS level FROM base
               UNION
               SELECT f.one, l.level + 1 FROM refers f JOIN levels l ON f.other = l.oid WHERE l.level < 20
           )
           SELECT b.name,
               (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                WHERE a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
               (SELECT string_agg(quote_ident(a.attname) || CASE WHEN a.attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END,
                                  ', ' ORDER BY k.place)
                FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
                WHERE i.indrelid = b.oid AND i.indisprimary AND a.attrelid = b.oid AND a.attnum = k.attnum)
           FROM base b ORDER BY (SELECT max(level) FROM levels l WHERE l.oid = b.oid), b.name COLLATE "C""#,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(name, columns, order)| Table { name, columns, order }).collect())
}

impl Table {
    /// The table's rows in order, as `COPY` writes text.
    pub fn copy_out(&self) -> String {
        let Self { name, columns, order } = self;
        format!(r#"COPY (SELECT {columns} FROM "{name}" ORDER BY {order}) TO STDOUT"#)
    }

    /// Takes rows as [`Self::copy_out`] gave them.
    pub fn copy_in(&self) -> String {
        let Self { name, columns, .. } = self;
        format!(r#"COPY "{name}" ({columns}) FROM STDIN"#)
    }
}

/// A sequence and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Sequence {
    /// Its name.
    pub name: String,
    /// The last number it gave; `None` where it never gave one.
    pub last: Option<i64>,
}

/// The sequences of the tenant's schema.
pub(super) async fn sequences(connection: &mut PgConnection) -> Result<Vec<Sequence>, sqlx::Error> {
    let rows: Vec<(String, Option<i64>)> = sqlx::query_as(
        r#"SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = current_schema()
           ORDER BY sequencename::text COLLATE "C""#,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(name, last)| Sequence { name, last }).collect())
}

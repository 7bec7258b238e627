// Draws a graph of many people where the server has already said where everybody stands.
"use strict";

for (const frame of document.querySelectorAll(".web[data-graph]")) {
  const told = JSON.parse(frame.dataset.graph);
  const look = getComputedStyle(frame);
  const graph = new graphology.Graph({ type: "undirected" });
  for (const one of told.people) {
    graph.addNode(one.id, {
      x: one.x, y: one.y, size: one.size, label: one.name, color: look.caretColor, path: one.path,
    });
  }
  for (const tie of told.ties) {
    graph.addEdge(tie.from, tie.to, { size: 0.5 + 3 * tie.part, color: look.columnRuleColor });
  }
  frame.replaceChildren();
  const drawn = new Sigma(graph, frame, {
    labelColor: { color: look.color },
    labelFont: look.fontFamily,
    labelSize: 12,
    labelRenderedSizeThreshold: 5,
    minEdgeThickness: 0.5,
    zIndex: true,
  });
  let pointedAt = null;
  drawn.setSetting("nodeReducer", (id, looks) =>
    pointedAt === null || id === pointedAt || graph.areNeighbors(id, pointedAt)
      ? looks
      : { ...looks, label: "", color: look.columnRuleColor });
  drawn.setSetting("edgeReducer", (id, looks) =>
    pointedAt === null || graph.hasExtremity(id, pointedAt)
      ? (pointedAt === null ? looks : { ...looks, color: look.caretColor, zIndex: 1 })
      : { ...looks, hidden: true });
  drawn.on("enterNode", ({ node }) => { pointedAt = node; drawn.refresh({ skipIndexation: true }); });
  drawn.on("leaveNode", () => { pointedAt = null; drawn.refresh({ skipIndexation: true }); });
  drawn.on("clickNode", ({ node }) => { location.href = graph.getNodeAttribute(node, "path"); });
}

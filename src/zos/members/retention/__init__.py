"""What ends by itself: messages past their time, and servers that Zos left."""
